/** Prints results on standard output, for `--json` only. */
import { jsonText } from '../../../io/json/json-text.js';
import type { ResultRecord } from '../../../records/result.js';
import type { Summary } from '../../../run/results/summary.js';
import { escapeControls } from './escape-controls.js';
import type { ProcessContext } from '../process-context.js';

/** What the rows of a dry run would cost. */
export interface CostNumbers {
  unet_calls: number;
  cached_unet_calls?: number;
  would_fail?: number;
  /** Absent: unknown. */
  seconds?: number;
}

/** Totals of a finished run: UNet calls of a dry run, also by preset of --speed; results and time of any other. */
export type RunEnd = { total: number } & (
  | (CostNumbers & { done?: number; speeds?: Readonly<Record<string, CostNumbers>> })
  | { refined: number; taken_over: number; duration_ms: number; results: string }
);

/** A line of `--json`: one for each row, and the summary as the last. */
export type ResultLine = ResultRecord | { summary: Summary & RunEnd };

export const resultPrinter =
  (json: boolean, { stdout }: ProcessContext) =>
  (line: ResultLine): void => {
    /* Stays the same JSON, and is safe for terminals. */
    if (json) stdout.write(`${escapeControls(jsonText(line))}\n`);
  };
