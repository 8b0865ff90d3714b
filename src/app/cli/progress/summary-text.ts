/** The summary at the end of a run, for people. */
import type { DryRunCost } from '../../../run/batch/dry-run.js';
import type { BatchOutcome } from '../../../run/batch/run-batch.js';
import type { ProcessorInfo } from '../../../run/batch/row-processor.js';
import type { Summary } from '../../../run/results/summary.js';
import type { Verb } from '../commands/run-kind.js';
import type { SpeedCost } from '../options/speed.js';
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
  const rate = refined / (durationMs / 60_000);
  const done = summary.ok - refined;
  const what =
    takenOver > 0
      ? `${refined} ${verb}, ${done} already done (${count(total, 'row')})`
      : `${summary.ok} of ${count(total, 'row')} ${verb}`;
  const paint = summary.ok === total ? colors.green : String;
  const lines = [
    paint(`${what} in ${timeText(durationMs)} (${rate.toFixed(1)} pictures/min)`),
    ...earlierFailures(takenOver - done),
    ...(summary.blocked > 0 ? [colors.yellow(`${summary.blocked} blocked by content safety`)] : []),
    ...failures(summary).map(colors.red),
    ...(stoppedByThreshold ? [`stopped by --error-threshold; ${total - summary.rows} rows were not tried`] : []),
    `pictures and ${resultsName}: ${escapeControls(outputFolder)}`,
  ];
  return `${lines.join('\n')}\n`;
};

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

export const dryRunText = (
  summary: Summary,
  cost: DryRunCost,
  info: ProcessorInfo,
  speeds: readonly SpeedCost[] = [],
): string => {
  const lines = [
    `${count(cost.rows, 'row')} would run: ${count(cost.unetCalls, 'UNet call')} on ${info.device} (${info.precision})`,
    ...(speeds.length === 0 ? [] : [`UNet calls by --speed: ${speeds.map(speedText).join(', ')}`]),
    ...failures(summary),
    `model: ${modelsText(info)}, opened in ${timeText(info.openedInMs)}`,
  ];
  return `${lines.join('\n')}\n`;
};

const speedText = ({ speed, steps, wholeSteps }: SpeedCost): string =>
  wholeSteps === steps ? `${speed} ${steps}` : `${speed} ${steps} (${steps - wholeSteps} with cached features)`;

/** The model of a run, or its base model and the refiner, which opens later. */
const modelsText = ({ model, baseModel = model }: ProcessorInfo): string =>
  baseModel === model ? model : `${baseModel} (then ${model})`;

const failures = ({ failed, errors }: Summary): string[] => {
  if (failed === 0) return [];
  const reasons = Object.entries(errors).map(([code, times]) => `${code} ${times}`);
  return [`${failed} failed: ${reasons.join(', ')}`];
};

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
