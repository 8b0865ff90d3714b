import { csvLineEnds } from '#src/run/manifest/formats/csv-line-ends.js';
import { MAX_LINE_BYTES, plainLineEnds, readLines } from '#src/run/manifest/formats/read-lines.js';
import { chunksOf, collect } from '../manifests.js';

const read = (bytes: Buffer | string, sizes?: readonly number[]) => collect(readLines(chunksOf(bytes, sizes)));

describe('readLines', () => {
  it('numbers lines, whatever ends them, and needs no end at the last', async () => {
    expect(await read('one\r\n\ntwo\rthree')).toEqual([
      { line: 1, text: 'one' },
      { line: 2, text: '' },
      { line: 3, text: 'two' },
      { line: 4, text: 'three' },
    ]);
  });

  it.each([
    ['', 0],
    ['a', 1],
    ['a\n', 1],
    ['\n\n', 2],
    ['\r\r', 2],
    ['a\r\n\r\nb\r', 3],
    ['\n\r', 2],
  ])('finds in %j %d lines', async (text, count) => {
    expect(await read(text)).toHaveLength(count);
  });

  it('gives the same lines whatever the chunks, in characters of every length', async () => {
    const text = 'plain\r\nçé — 日本\n🐈‍⬛ cat\n\n"a\nb"\r\rold\r\n\nlast';
    const whole = await read(text);
    for (const sizes of [[1], [2], [3], [5, 1], [7, 2, 11]]) expect(await read(text, sizes)).toEqual(whole);
  });

  it('fails a line that is not UTF-8, and reads the others', async () => {
    const lines = await read(Buffer.concat([Buffer.from('a\n'), Buffer.from([0x62, 0xff, 0x0a]), Buffer.from('c\n')]));
    expect(lines[0]).toEqual({ line: 1, text: 'a' });
    expect(lines[1]).toMatchObject({ line: 2, problem: expect.stringContaining('UTF-8') as string });
    expect(lines[2]).toEqual({ line: 3, text: 'c' });
  });

  it('takes a line of the limit and fails one byte more, saying both numbers', async () => {
    const lines = await collect(readLines(chunksOf('12345\n123456\n1', [4]), plainLineEnds(), 5));
    expect(lines.map((line) => ('text' in line ? line.text : line.problem))).toEqual([
      '12345',
      expect.stringMatching(/at most 5 bytes, found 6/),
      '1',
    ]);
  });

  it('fails a line of 100 MB without holding it', async () => {
    const chunk = Buffer.alloc(1 << 20, 'x');
    async function* long() {
      for (let sent = 0; sent < 100; sent++) yield await Promise.resolve(Buffer.from(chunk));
      yield Buffer.from('\nnext\n');
    }
    const lines = await collect(readLines(long()));
    expect(lines).toEqual([
      { line: 1, problem: expect.stringContaining(`at most ${MAX_LINE_BYTES} bytes, found ${100 << 20}`) as string },
      { line: 2, text: 'next' },
    ]);
  });

  it('keeps newlines in quotes inside a CSV record and counts them', async () => {
    const lines = await collect(
      readLines(chunksOf('a,"x\r\ny"\r\n"""\n",b\rc, "\r\n\r"\n', [3]), csvLineEnds([','.charCodeAt(0)])),
    );
    expect(lines).toEqual([
      { line: 1, text: 'a,"x\r\ny"' },
      { line: 3, text: '"""\n",b' },
      { line: 5, text: 'c, "\r\n\r"' },
    ]);
  });

  it('opens nothing at a quote inside a bare cell', async () => {
    const lines = await collect(readLines(chunksOf('5" nail,a\nb,c\n'), csvLineEnds([','.charCodeAt(0)])));
    expect(lines).toEqual([
      { line: 1, text: '5" nail,a' },
      { line: 2, text: 'b,c' },
    ]);
  });
});
