/** Standard output is for results alone, and only where they are asked for. */
import { jsonText } from '../../../io/json/json-text.js';
import type { ResultRecord } from '../../../records/result.js';
import type { Summary } from '../../../run/results/summary.js';
import { escapeControls } from './escape-controls.js';
import type { ProcessContext } from '../process-context.js';

/** What is known when a run ends: of a dry run its calls of the UNet, of any other its time and where its results are. */
export type RunEnd = { total: number } & (
  { unet_calls: number } | { refined: number; taken_over: number; duration_ms: number; results: string }
);

/** A line of `--json`: one a row, and the summary last. */
export type ResultLine = ResultRecord | { summary: Summary & RunEnd };

export const resultPrinter =
  (json: boolean, { stdout }: ProcessContext) =>
  (line: ResultLine): void => {
    /* The same JSON, in which a terminal finds nothing to obey either. */
    if (json) stdout.write(`${escapeControls(jsonText(line))}\n`);
  };
