/** The run as a person watches it, on standard error: a bar on a terminal, a line a row elsewhere, nothing when quiet. */
import cliProgress from 'cli-progress';
import type { BatchEvent } from '../batch/events.js';
import type { ResultRecord } from '../records.js';
import type { Surroundings } from './surroundings.js';
import { timeText } from './time-text.js';

export interface Progress {
  report: (event: BatchEvent) => void;
  stop: () => void;
}

export const createProgress = (stderr: Surroundings['stderr'], total: number, quiet: boolean): Progress => {
  if (quiet) return { report: () => undefined, stop: () => undefined };
  return stderr.isTTY === true ? bar(stderr, total) : lines(stderr, total);
};

/** Time left is known once the first row is done. */
const bar = (stderr: Surroundings['stderr'], total: number): Progress => {
  const single = new cliProgress.SingleBar({
    stream: stderr,
    format: ' {bar} {rows}/{total} rows{failed}  {step}  {rate}  {left}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
  });
  const shown = { rows: 0, failed: '', step: 'opening the model', rate: '', left: '' };
  let failed = 0;
  let start = performance.now();
  single.start(total, 0, shown);
  return {
    report: (event) => {
      if (event.kind === 'opened') start = performance.now();
      else if (event.kind === 'step') {
        shown.step = `step ${event.step}/${event.steps}`;
        single.update(shown.rows + event.step / Math.max(1, event.steps), shown);
      } else {
        shown.rows++;
        if (event.result.status === 'failed') shown.failed = `, ${++failed} failed`;
        const perRow = (performance.now() - start) / shown.rows;
        shown.rate = `${(60_000 / perRow).toFixed(1)} pictures/min`;
        shown.left = `${timeText(perRow * (total - shown.rows))} left`;
        single.update(shown.rows, shown);
      }
    },
    stop: () => {
      single.stop();
    },
  };
};

const lines = (stderr: Surroundings['stderr'], total: number): Progress => {
  let done = 0;
  return {
    report: (event) => {
      if (event.kind === 'opened') {
        const { model, device, precision, openedInMs } = event.info;
        stderr.write(`Opened ${model} on ${device} (${precision}) in ${timeText(openedInMs)}\n`);
      } else if (event.kind === 'row') stderr.write(`[${++done}/${total}] ${rowText(event.result)}\n`);
    },
    stop: () => undefined,
  };
};

const rowText = (result: ResultRecord): string => {
  const name = result.image ?? result.image_file_name ?? `row ${result.row_number_per_file}`;
  if (result.error !== null) return `${name}: ${result.status}, ${result.error.code}: ${result.error.message}`;
  return `${name} → ${result.image_file_name ?? result.status} (${timeText(result.duration_ms ?? 0)})`;
};
