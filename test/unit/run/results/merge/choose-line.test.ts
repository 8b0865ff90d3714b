import { rowsAt } from '#src/run/results/merge/choose-line.js';
import type { PlacedLine } from '#src/run/results/merge/merge-runs.js';
import type { ResultRecord } from '#src/records/result.js';
import { failedRecord, okRecord } from '../records.js';

const line = (record: ResultRecord): PlacedLine => ({
  ...{ bytes: new Uint8Array(), offset: 0, file: 0, place: { input: 0, row: 2, copy: 0 } },
  record,
});

it('takes a failure with a new prompt and the earlier picture behind it for one row', () => {
  const { image, id } = okRecord();
  const failed = { ...failedRecord(), image, id, prompt: 'changed' };
  expect(rowsAt([line(failed), line(okRecord())])).toHaveLength(1);
  /* Of `generate`, whose rows have no picture, the prompt alone tells. */
  const generated = { ...okRecord(), image: null };
  expect(rowsAt([line({ ...failed, image: null }), line(generated)])).toHaveLength(2);
});
