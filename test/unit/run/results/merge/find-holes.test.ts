import { createHoleFinder } from '#src/run/results/merge/find-holes.js';
import type { ResultRecord } from '#src/records/result.js';
import { okRecord } from '../records.js';

const picture = (row: number, seed: number, change: Partial<ResultRecord> = {}): ResultRecord => ({
  ...okRecord(),
  ...{ input_csv_name: 'p.jsonl', row_number_per_file: row, mode: 'base', image: null, seed },
  ...change,
});
const holesOf = (records: readonly ResultRecord[]): unknown => {
  const finder = createHoleFinder();
  for (const record of records) finder.see(record);
  const { rows, pictures, ranges } = finder;
  return [rows, pictures, ranges];
};

it('finds missing pictures of a prompt that has others, and missing rows', () => {
  const seeds = [5, 6, 8, 9, 12];
  expect(holesOf(seeds.map((seed) => picture(0, seed)))).toEqual([
    0,
    3,
    ['seed 7 of row 0 of p.jsonl', 'seeds 10 to 11 of row 0 of p.jsonl'],
  ]);
  expect(holesOf([picture(0, 5), picture(2, 9), picture(2, 11)])).toEqual([
    1,
    1,
    ['row 1 of p.jsonl', 'seed 10 of row 2 of p.jsonl'],
  ]);
});

it('takes no other prompt, row or input for the next picture, and no seed after the largest', () => {
  const largest = Number.MAX_SAFE_INTEGER;
  for (const records of [
    [picture(0, 5), picture(0, 55, { prompt: 'another' })],
    [picture(0, 5), picture(1, 7)],
    [picture(0, 5), picture(0, 7, { input_csv_name: 'q.jsonl' })],
    /* Two of four: their seeds went round. */
    [picture(0, 0), picture(0, 1), picture(0, largest - 1), picture(0, largest)],
    [picture(0, 5, { mode: undefined }), picture(1, 9, { mode: undefined })],
  ] as ResultRecord[][])
    expect(holesOf(records)).toEqual([0, 0, []]);
});
