/** Counts of a run, updated with each record. Pure. */
import type { ErrorCode } from '../../errors.js';
import type { ResultRecord, ResultStatus } from '../../records/result.js';

/** What `--json` prints last, under `summary`; the caller adds times. */
export interface Summary extends Record<ResultStatus, number> {
  rows: number;
  /** Records with an error, by code, in the order of first occurrence. */
  errors: Partial<Record<ErrorCode, number>>;
  /** UNet steps that ran. */
  steps_run: number;
}

export const emptySummary = (): Summary => ({
  rows: 0,
  ok: 0,
  failed: 0,
  blocked: 0,
  skipped: 0,
  errors: {},
  steps_run: 0,
});

/** A copy of the summary with one more record. */
export const addToSummary = (
  summary: Summary,
  record: Pick<ResultRecord, 'status' | 'error' | 'steps_run'>,
): Summary => {
  const code = record.error?.code;
  return {
    ...summary,
    rows: summary.rows + 1,
    [record.status]: summary[record.status] + 1,
    errors: code === undefined ? summary.errors : { ...summary.errors, [code]: (summary.errors[code] ?? 0) + 1 },
    steps_run: summary.steps_run + (record.steps_run ?? 0),
  };
};
