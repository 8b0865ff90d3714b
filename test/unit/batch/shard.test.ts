import { parseShard, shardOf, shardRows } from '#src/batch/shard.js';
import type { Row } from '#src/records.js';

describe('shardOf', () => {
  /* Computed with Python's hashlib: int.from_bytes(sha256(path).digest()[:8], "big") % n for n of 2, 3, 4, 7. */
  it.each([
    ['a.png', [0, 2, 0, 1]],
    ['sub/b.png', [1, 2, 3, 0]],
    ['日本/é.png', [1, 0, 3, 3]],
  ])('puts %s where every machine does', (path, expected) => {
    expect([2, 3, 4, 7].map((count) => shardOf(path, count))).toEqual(expected);
  });
});

describe('shardRows', () => {
  async function* rows(): AsyncGenerator<Row> {
    for (let index = 0; index < 100; index++) yield await Promise.resolve({ sourceText: `${index}.png` } as Row);
  }

  it('gives each row to one part, and no part everything', async () => {
    const parts = await Promise.all(
      [1, 2, 3].map(async (index) => {
        const names: (string | null)[] = [];
        for await (const row of shardRows(rows(), { index, count: 3 })) names.push(row.sourceText);
        return names;
      }),
    );
    expect(parts.flat().sort()).toEqual(Array.from({ length: 100 }, (_, index) => `${index}.png`).sort());
    for (const part of parts) expect(part.length).toBeGreaterThan(15);
  });
});

describe('parseShard', () => {
  it('counts from 1', () => {
    expect(parseShard('2/4')).toEqual({ index: 2, count: 4 });
  });

  it.each(['0/4', '5/4', '1', '1/0', 'a/b', '-1/3'])('refuses %s', (text) => {
    expect(() => parseShard(text)).toThrow(expect.objectContaining({ code: 'USAGE_OPTION_INVALID' }));
  });
});
