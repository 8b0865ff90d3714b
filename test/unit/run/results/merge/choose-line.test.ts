import { rowsAt } from '#src/run/results/merge/choose-line.js';
import type { PlacedLine } from '#src/run/results/merge/merge-runs.js';
import type { ResultRecord } from '#src/records/result.js';
import { failedRecord, okRecord } from '../records.js';

/** @param offset of the line, which has a hundred bytes and its newline */
const line = (record: ResultRecord, offset: number, file = 0): PlacedLine => ({
  ...{ bytes: new Uint8Array(100), offset, file, place: { input: 0, row: 2, copy: 0 } },
  record,
});
const { image, id } = okRecord();

it('takes a failure with a new prompt and an earlier picture for one row', () => {
  const failed = { ...failedRecord(), image, id, prompt: 'changed' };
  expect(rowsAt([line(okRecord(), 0), line(failed, 101)])).toHaveLength(1);
  /* Of `generate`, whose rows have no picture, the prompt alone tells. */
  const generated = { ...okRecord(), image: null };
  expect(rowsAt([line(generated, 0), line({ ...failed, image: null }, 101)])).toHaveLength(2);
});

it('takes a failure with another input or prompt and the line directly behind it for one row, and the latter for the newer', () => {
  const earlier = line(okRecord(), 0);
  const kept = line(okRecord(), 202);
  for (const failed of [
    { ...failedRecord(), image: 'other.png', id },
    { ...failedRecord(), image: null, id, prompt: 'changed' },
  ]) {
    expect(rowsAt([line(failed, 101), kept])).toEqual([[kept]]);
    /* A run that has not finished has its row's earlier line too. */
    expect(rowsAt([earlier, line(failed, 101), kept])).toEqual([[earlier, kept]]);
    /* Of two inputs of one name. */
    expect(rowsAt([line(failed, 0), kept])).toHaveLength(2);
    expect(rowsAt([line(failed, 101, 1), kept])).toHaveLength(2);
  }
  const other = { ...okRecord(), image: 'other.png' };
  expect(rowsAt([line(other, 101), kept])).toHaveLength(2);
});
