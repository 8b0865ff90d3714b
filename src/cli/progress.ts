/** The run as a person watches it, on standard error: a bar on a terminal, a line a minute elsewhere, nothing when quiet. */
import cliProgress from 'cli-progress';
import type { BatchEvent } from '../batch/events.js';
import type { ResultRecord } from '../records.js';
import { Pace, type PlannedWork } from './pace.js';
import type { Surroundings } from './surroundings.js';
import { timeText } from './time-text.js';

export interface Progress {
  report: (event: BatchEvent) => void;
  stop: () => void;
}

const LINE_EVERY_MS = 60_000;
/** Failures that get a line of their own where there is no terminal; of more, results.jsonl tells. */
const FAILURE_LINES = 20;

/** @param now milliseconds of a clock that only moves on */
export const createProgress = (
  stderr: Surroundings['stderr'],
  total: PlannedWork,
  quiet: boolean,
  now: () => number = () => performance.now(),
): Progress => {
  if (quiet) return { report: () => undefined, stop: () => undefined };
  return stderr.isTTY === true ? bar(stderr, new Pace(total, now)) : lines(stderr, new Pace(total, now), now);
};

/** What both show of an event. */
const follow = (pace: Pace, event: BatchEvent): void => {
  if (event.kind === 'opened') pace.begin();
  else if (event.kind === 'step')
    pace.step({ index: event.rowIndex, copy: event.copy }, event.stage ?? 'refiner', event.step);
  else {
    const { rowIndex: index, copy, steps, isPicture, result } = event;
    pace.row({ index, copy, steps, isPicture, isFailed: result.status === 'failed' });
  }
};

const paceText = (pace: Pace): string => {
  const left = pace.timeLeft === null ? '' : `, ${timeText(pace.timeLeft)} left`;
  return `${pace.picturesPerMinute.toFixed(1)} pictures/min${left}`;
};

const bar = (stderr: Surroundings['stderr'], pace: Pace): Progress => {
  const { total } = pace;
  const single = new cliProgress.SingleBar({
    stream: stderr,
    format: ' {bar} {rows}/{total_rows} rows  {step}  {pace}{failure}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
  });
  const shown = { rows: 0, total_rows: total.rows, step: 'opening the model', pace: '', failure: '' };
  single.start(Math.max(1, total.steps), 0, shown);
  return {
    report: (event) => {
      follow(pace, event);
      if (event.kind === 'step') shown.step = `${event.stage ?? 'step'} ${event.step}/${event.steps}`;
      if (event.kind === 'row' && event.result.status === 'failed') {
        shown.failure = `  ${pace.failed} failed, last ${nameOf(event.result)}: ${event.result.error?.code ?? ''}`;
      }
      shown.rows = pace.rows;
      shown.pace = event.kind === 'opened' ? '' : paceText(pace);
      single.update(pace.steps, shown);
    },
    stop: () => {
      single.stop();
    },
  };
};

const lines = (stderr: Surroundings['stderr'], pace: Pace, now: () => number): Progress => {
  const { total } = pace;
  let last = now();
  return {
    report: (event) => {
      follow(pace, event);
      if (event.kind === 'opened') {
        const { model, device, precision, openedInMs } = event.info;
        stderr.write(`Opened ${model} on ${device} (${precision}) in ${timeText(openedInMs)}\n`);
      } else if (event.kind === 'row' && event.result.error !== null && pace.failed <= FAILURE_LINES) {
        const { code, message } = event.result.error;
        stderr.write(`${nameOf(event.result)}: ${event.result.status}, ${code}: ${message}\n`);
      }
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      const failed = pace.failed > 0 ? `, ${pace.failed} failed` : '';
      stderr.write(
        `${pace.rows} of ${total.rows} rows${failed}, ${pace.steps} of ${total.steps} steps, ${paceText(pace)}\n`,
      );
    },
    stop: () => undefined,
  };
};

const nameOf = (result: ResultRecord): string =>
  result.image ?? result.image_file_name ?? `row ${result.row_number_per_file}`;
