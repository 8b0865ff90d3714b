import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settleResults, type Settling } from '#src/run/results/settle-results.js';
import type { ResultRecord } from '#src/records/result.js';
import { failedRecord, folder, okRecord } from './records.js';

const path = join(folder(), 'results.jsonl');
const ok = (row: number, version: number, digest = `d${row}`): ResultRecord => ({
  ...okRecord(),
  row_number_per_file: row,
  image_file_name: `${row}.png`,
  digest,
  duration_ms: version,
});
const failed = (row: number, version: number, digest: string | null): ResultRecord => ({
  ...failedRecord(),
  row_number_per_file: row,
  digest,
  duration_ms: version,
});
const text = (records: readonly ResultRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');
/** Writes both runs' lines. @returns where the second's begin */
const write = (earlier: readonly ResultRecord[], own: readonly ResultRecord[]): number => {
  writeFileSync(path, text(earlier));
  const { size } = statSync(path);
  writeFileSync(path, text([...earlier, ...own]));
  return size;
};
const left = (): unknown[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ResultRecord)
    .map(({ row_number_per_file: row, status, duration_ms: version }) => [row, status, version]);

const settle = (begin: number, more: Partial<Settling> = {}): Promise<number> =>
  settleResults(path, {
    base: 0,
    begin,
    isWhole: false,
    knowsInputs: false,
    isDropped: () => false,
    beforeReplace: () => Promise.resolve(),
    ...more,
  });

it('a whole run keeps one run’s lines', async () => {
  await settle(write([ok(0, 1)], [ok(1, 2)]), { isWhole: true });
  expect(left()).toEqual([[1, 'ok', 2]]);
});

it('a run that stopped keeps the newest line of each row, in the rows’ order', async () => {
  const earlier = [ok(0, 1), failed(1, 1, null), ok(2, 1, 'other settings'), failed(3, 1, 'd3'), ok(4, 1), ok(5, 1)];
  /* Of a run that was killed. */
  const killed = [ok(0, 2), ok(4, 2)];
  await settle(write([...earlier, ...killed], [ok(0, 3), ok(1, 3), ok(2, 3), failed(3, 3, 'd3')]));
  expect(left()).toEqual([
    [0, 'ok', 3],
    [1, 'ok', 3],
    [2, 'ok', 3],
    [3, 'failed', 3],
    [4, 'ok', 2],
    [5, 'ok', 1],
  ]);
});

it('a run that stopped keeps results of inputs of one name, and all pictures that a row counts', async () => {
  const copies = [0, 1].map((copy) => ({ ...ok(0, 1, `copy ${copy}`), image_file_name: `copy-${copy}.png` }));
  await settle(write(copies, [ok(0, 2)]));
  expect(left()).toEqual([
    [0, 'ok', 2],
    [0, 'ok', 1],
    [0, 'ok', 1],
  ]);
});

describe('pictures of one prompt', () => {
  const copy = (seed: number, version: number, digest: string | null): ResultRecord => ({
    ...failed(0, version, digest),
    ...{ mode: 'base', image: null, prompt: 'a fox', seed },
  });

  it('each keep their failure in a run that stopped', async () => {
    const earlier = [copy(7, 1, 'd7'), copy(8, 1, 'd8'), copy(9, 1, null)];
    await settle(write(earlier, [copy(7, 2, 'd7')]));
    expect(left()).toEqual([
      [0, 'failed', 2],
      [0, 'failed', 1],
      [0, 'failed', 1],
    ]);
  });

  it('and in a run that was appended', async () => {
    const base = write([copy(7, 1, null), copy(8, 1, null)], [copy(7, 2, null)]);
    await settle(base, { base, isWhole: true, knowsInputs: true });
    expect(left()).toEqual([
      [0, 'failed', 1],
      [0, 'failed', 2],
    ]);
  });
});

describe('a run that was appended', () => {
  const first = [ok(0, 1), failed(1, 1, 'f'), failed(2, 1, null), ok(3, 1)];

  it('leaves the lines before it byte for byte', async () => {
    const base = write([], first);
    const end = write(first, [ok(4, 2)]);
    const before = readFileSync(path, 'utf8');
    expect(base).toBe(0);
    expect(await settle(end, { base: end, isWhole: true })).toBe(end);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('replaces what an append that was killed had begun', async () => {
    const base = write(first, []);
    const begin = write([...first, ok(4, 2), ok(5, 2)], [ok(4, 2), ok(5, 3), ok(6, 3)]);
    expect(await settle(begin, { base, isWhole: true })).toBe(base);
    expect(left().slice(4)).toEqual([
      [4, 'ok', 2],
      [5, 'ok', 3],
      [6, 'ok', 3],
    ]);
  });

  it('failures give way to the newer line of the same row, of the same inputs alone', async () => {
    const own = [failed(7, 2, 'f'), { ...failed(2, 2, null) }];
    const base = write(first, own);
    const kept = await settle(base, { base, isWhole: true });
    expect(left()).toEqual([
      [0, 'ok', 1],
      [2, 'failed', 1],
      [3, 'ok', 1],
      [7, 'failed', 2],
      [2, 'failed', 2],
    ]);
    expect(kept).toBe(text([first[0]!, first[2]!, first[3]!]).length);
    const again = write(first, own);
    await settle(again, { base: again, isWhole: true, knowsInputs: true });
    expect(left()).toHaveLength(4);
  });

  it('and that stopped keeps what it had before, but for what is dropped', async () => {
    const base = write(first, []);
    const begin = write([...first, ok(4, 2), ok(5, 2), ok(6, 2)], [ok(4, 3)]);
    await settle(begin, { base, isDropped: (name) => name === '6.png' });
    expect(left().slice(4)).toEqual([
      [4, 'ok', 3],
      [5, 'ok', 2],
    ]);
  });
});

it('results that cannot be read end the run, not the process', async () => {
  const gone = settleResults(`${path}.gone`, {
    ...{ base: 0, begin: 1, isWhole: true, knowsInputs: false, isDropped: () => false },
    beforeReplace: () => Promise.resolve(),
  });
  await expect(gone).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
});
