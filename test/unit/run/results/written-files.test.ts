import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markOfFile, readNotedMarks, openWrittenFiles } from '#src/run/results/written-files.js';
import { folder } from './records.js';

const NOTE = '.sdxl-refine-written.txt';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const noted = async (where: string): Promise<string[]> => {
  const marks: string[] = [];
  for await (const mark of readNotedMarks(where, '')) marks.push(mark);
  return marks;
};

it('notes a file before it is there, by name and bytes', async () => {
  const where = folder();
  const written = await openWrittenFiles(where, '', []);
  await written.claim('a.png', bytes('one'));
  writeFileSync(join(where, 'a.png'), 'one');
  expect(await noted(where)).toEqual([await markOfFile('a.png', join(where, 'a.png'))]);
  expect(await noted(where)).not.toEqual([await markOfFile('b.png', join(where, 'a.png'))]);
  writeFileSync(join(where, 'a.png'), 'two');
  expect(await noted(where)).not.toEqual([await markOfFile('a.png', join(where, 'a.png'))]);
  await written.close(false);
  expect(await noted(where)).toHaveLength(1);
});

it('leaves no note when all is listed, and one when something is not', async () => {
  const where = folder();
  const written = await openWrittenFiles(where, '', []);
  for (const name of ['a', 'b']) await written.claim(name, bytes(name));
  await written.settle('a');
  await written.close(true);
  expect(await noted(where)).toEqual(written.newest);
  const next = await openWrittenFiles(where, '', ['0123456789abcdef']);
  expect(next.newest).toEqual(['0123456789abcdef', ...written.newest]);
  await next.close(true);
  expect(existsSync(join(where, NOTE))).toBe(false);
});

it('continues after a torn mark', async () => {
  const where = folder();
  appendFileSync(join(where, NOTE), '0123456789abcdef\n01234');
  const written = await openWrittenFiles(where, '', []);
  await written.claim('a', bytes('a'));
  expect(await noted(where)).toEqual(['0123456789abcdef', written.newest.at(-1)]);
  await written.close(false);
});

it('keeps what a killed run noted until a run has met all rows', async () => {
  const where = folder();
  const killed = await openWrittenFiles(where, '', []);
  await killed.claim('a', bytes('new'));
  await killed.close(false);
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  for (const isWhole of [false, true]) {
    const next = await openWrittenFiles(where, '', []);
    expect(['old', 'new'].map((text) => next.isDoubtful('a', sha256(text)))).toEqual([true, false]);
    expect(next.isDoubtful('b', sha256('old'))).toBe(false);
    await next.close(true, isWhole);
    expect(existsSync(join(where, NOTE))).toBe(!isWhole);
  }
});

it('neither the note nor memory grows with the rows', async () => {
  const where = folder();
  const written = await openWrittenFiles(where, '', []);
  for (let row = 0; row < 1500; row++) {
    await written.claim(`${row}`, bytes(''));
    await written.settle(`${row}`);
  }
  expect(statSync(join(where, NOTE)).size).toBeLessThan(1024 * 38 + 1);
  expect(written.newest).toHaveLength(1024);
  await written.close(true);
});

it('writes through no link', async () => {
  const [where, elsewhere] = [folder(), join(folder(), 'x')];
  writeFileSync(elsewhere, 'mine');
  symlinkSync(elsewhere, join(where, NOTE));
  const written = await openWrittenFiles(where, '', []);
  await expect(written.claim('a', bytes('a'))).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
});
