import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepFrom, keepNewest } from '#src/results/keep-from.js';
import type { ResultRecord } from '#src/records.js';
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

it('keepFrom keeps one run’s lines', async () => {
  await keepFrom(path, write([ok(0, 1)], [ok(1, 2)]));
  expect(left()).toEqual([[1, 'ok', 2]]);
});

it('keepNewest keeps the newest line of each row, in the rows’ order', async () => {
  const earlier = [ok(0, 1), failed(1, 1, null), ok(2, 1, 'other settings'), failed(3, 1, 'd3'), ok(4, 1), ok(5, 1)];
  /* Of a run that was killed. */
  const killed = [ok(0, 2), ok(4, 2)];
  await keepNewest(path, write([...earlier, ...killed], [ok(0, 3), ok(1, 3), ok(2, 3), failed(3, 3, 'd3')]));
  expect(left()).toEqual([
    [0, 'ok', 3],
    [1, 'ok', 3],
    [2, 'ok', 3],
    [3, 'failed', 3],
    [4, 'ok', 2],
    [5, 'ok', 1],
  ]);
});

it('keepNewest keeps results of inputs of one name, and all pictures that a row counts', async () => {
  const copies = [0, 1].map((copy) => ({ ...ok(0, 1, `copy ${copy}`), image_file_name: `copy-${copy}.png` }));
  await keepNewest(path, write(copies, [ok(0, 2)]));
  expect(left()).toEqual([
    [0, 'ok', 2],
    [0, 'ok', 1],
    [0, 'ok', 1],
  ]);
});
