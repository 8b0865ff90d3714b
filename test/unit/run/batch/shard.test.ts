import { parseShard, shardOf, shardRows } from '#src/run/batch/shard.js';
import type { Row } from '#src/records/row.js';

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

  it('gives each row to exactly one shard, and no shard every row', async () => {
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

it('tells pictures of prompts by the prompt and their place in it, whatever their seeds', async () => {
  const row = (prompt: string, copy: number, seed: number): Row =>
    ({ sourceText: null, settings: { prompt, seed }, generation: { copy } }) as Row;
  const partsOf = async (seed: number): Promise<string[][]> =>
    Promise.all(
      [1, 2, 3].map(async (index) => {
        const rows = async function* (): AsyncGenerator<Row> {
          for (let at = 0; at < 60; at++)
            yield await Promise.resolve(row(`p${at % 20}`, Math.floor(at / 20), seed + at));
        };
        const names: string[] = [];
        for await (const { settings, generation } of shardRows(rows(), { index, count: 3 })) {
          names.push(`${settings.prompt}/${generation?.copy}`);
        }
        return names;
      }),
    );
  const parts = await partsOf(0);
  expect(await partsOf(1000)).toEqual(parts);
  expect(new Set(parts.flat()).size).toBe(60);
  for (const part of parts) expect(part.length).toBeGreaterThan(9);
});

describe('parseShard', () => {
  it('counts from 1', () => {
    expect(parseShard('2/4', { JOB_COMPLETION_INDEX: '3' })).toEqual({ index: 2, count: 4 });
  });

  it.each(['0/4', '5/4', '1', '1/0', 'a/b', '-1/3', 'auto/', 'auto/0', 'auto/x', 'Auto'])('refuses %s', (text) => {
    expect(() => parseShard(text, { JOB_COMPLETION_INDEX: '0' })).toThrow(
      expect.objectContaining({ code: 'USAGE_OPTION_INVALID' }),
    );
  });
});
