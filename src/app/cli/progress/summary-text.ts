/** The summary at the end of a run, for people. */
import type { BatchOutcome } from '../../../run/batch/run-batch.js';
import type { Summary } from '../../../run/results/summary.js';
import type { Verb } from '../commands/run-kind.js';
import { failureEntry, type RowFailure } from './failure-text.js';
import { escapeControls } from './escape-controls.js';
import { PLAIN, type Colors } from './terminal.js';
import { timeText } from './time-text.js';

interface SummaryRun {
  total: number;
  durationMs: number;
  /** As printed for people. */
  outputFolder: string;
  /** Name of the results file in the output folder. */
  resultsName: string;
  /** Past participle for finished rows. */
  verb: Verb;
}

/** The summary of a finished run. */
export const summaryText = (
  { summary, takenOver, refined, stoppedByThreshold }: BatchOutcome,
  run: SummaryRun,
  colors: Colors = PLAIN,
): string => {
  const { total, durationMs, outputFolder, resultsName, verb } = run;
  const done = summary.ok - refined;
  const what =
    takenOver > 0
      ? `${refined} ${verb}, ${done} already done (${count(total, 'row')})`
      : `${summary.ok} of ${count(total, 'row')} ${verb}`;
  const paint = summary.ok === total ? colors.green : String;
  const rate = refined === 0 ? '' : ` (${(refined / (durationMs / 60_000)).toFixed(1)} pictures/min)`;
  const nothing = done === total && total > 0 ? 'Nothing to do: ' : '';
  const lines = [
    paint(`${nothing}${what} in ${timeText(durationMs)}${rate}`),
    ...earlierFailures(takenOver - done),
    ...(summary.blocked > 0 ? [colors.yellow(`${summary.blocked} blocked by content safety`)] : []),
    ...failures(summary).map(colors.red),
    ...(stoppedByThreshold ? [`stopped by --error-threshold; ${untriedText(total - summary.rows)}`] : []),
    `pictures and ${resultsName}: ${escapeControls(outputFolder)}`,
  ];
  return `${lines.join('\n')}\n`;
};

const untriedText = (rows: number): string => `${count(rows, 'row')} ${rows === 1 ? 'was' : 'were'} not tried`;

const earlierFailures = (untried: number): string[] => {
  if (untried <= 0) return [];
  const [were, them] = untried === 1 ? ['was', 'it'] : ['were', 'them'];
  return [`${untried} that failed in an earlier run ${were} not tried again: --retry-failed tries ${them}`];
};

/** A list of failed rows for the end of a run, one in each line. @param all number of failed rows */
export const failureList = (
  first: readonly RowFailure[],
  all: number,
  { resultsPath, columns }: { resultsPath: string; columns: number },
): string => {
  if (first.length === 0) return '';
  const entries = first.map((failure) => failureEntry(failure, columns));
  const rest = all > first.length ? [`  … and ${all - first.length} more: see ${escapeControls(resultsPath)}`] : [];
  return `\nFailed rows:\n${[...entries, ...rest].join('\n')}\n\n`;
};

/** The summary of a run that ended before its last row; '' if it finished and began nothing. */
export const stoppedText = (
  finished: number,
  {
    total,
    resultsPath,
    isBegun,
    continueOption,
  }: { total: number; resultsPath: string; isBegun: boolean; continueOption: string },
): string =>
  finished === 0 && !isBegun
    ? ''
    : `${finished} of ${count(total, 'row')} finished: ${resultsPath}. Continue with ${continueOption}.\n`;

/** Failed rows by reason; empty if there is none. */
export const failures = ({ failed, errors }: Summary): string[] => {
  if (failed === 0) return [];
  const reasons = Object.entries(errors).map(([code, times]) => `${code} ${times}`);
  return [`${failed} failed: ${reasons.join(', ')}`];
};

export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
