import { addToSummary, emptySummary } from '#src/run/results/summary.js';
import { failedRecord, okRecord } from './records.js';

describe('addToSummary', () => {
  it('counts statuses, error codes and steps', () => {
    const crashed = { ...failedRecord(), error: { code: 'ENGINE_CRASHED' as const, message: 'm' } };
    const records = [
      okRecord(),
      failedRecord(),
      crashed,
      failedRecord(),
      okRecord(),
      { ...okRecord(), status: 'skipped' as const, steps_run: null },
    ];
    expect(records.reduce(addToSummary, emptySummary())).toEqual({
      rows: 6,
      ok: 2,
      failed: 3,
      blocked: 0,
      skipped: 1,
      errors: { ROW_FIELD_INVALID: 2, ENGINE_CRASHED: 1 },
      steps_run: 30,
    });
  });

  it('leaves what it adds to as it was', () => {
    const empty = emptySummary();
    addToSummary(empty, failedRecord());
    expect(empty).toEqual(emptySummary());
  });
});
