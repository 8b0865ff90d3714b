/** Progress of a run on standard error: failed rows, and a bar on a terminal, elsewhere a line every minute. */
import stringWidth from 'string-width';
import type { BatchEvent } from '../../../run/batch/events.js';
import { failureOf, printFailure } from './failure-text.js';
import { TimeEstimate, type PlannedWork } from './time-estimate.js';
import type { Terminal } from './terminal.js';
import { timeText } from './time-text.js';

export interface Progress {
  report: (event: BatchEvent) => void;
  stop: () => void;
}

const LINE_EVERY_MS = 60_000;
/** Drawing the bar more often does not make it easier to read. */
const BAR_EVERY_MS = 50;
const SHORTEST_BAR = 6;
const BAR_CELLS = [24, 12, SHORTEST_BAR];
const OPENING = 'opening the model';

/** @param quiet print failed rows only @param now milliseconds of a monotonic clock */
export const createProgress = (
  terminal: Terminal,
  total: PlannedWork,
  quiet: boolean,
  now: () => number = () => performance.now(),
): Progress => {
  const pace = new TimeEstimate(total, now);
  const shown = quiet ? NOTHING : terminal.isTTY ? bar(terminal, pace, now) : lines(terminal, pace, now);
  return {
    report: (event) => {
      follow(pace, event);
      const failure = event.kind === 'row' ? failureOf(event.result, event.line) : null;
      if (failure !== null) printFailure(failure, terminal);
      shown.report(event);
    },
    stop: shown.stop,
  };
};

const NOTHING: Progress = { report: () => undefined, stop: () => undefined };

const follow = (pace: TimeEstimate, event: BatchEvent): void => {
  if (event.kind === 'opened') pace.begin();
  else if (event.kind === 'step')
    pace.step({ index: event.rowIndex, copy: event.copy }, event.stage ?? 'refiner', event.step);
  else {
    const { rowIndex: index, copy, steps, isPicture, result } = event;
    pace.row({ index, copy, steps, isPicture, isFailed: result.status === 'failed' });
  }
};

const rateText = (pace: TimeEstimate): string => `${pace.picturesPerMinute.toFixed(1)} pictures/min`;
const leftText = ({ timeLeft }: TimeEstimate): string[] => (timeLeft === null ? [] : [`${timeText(timeLeft)} left`]);

const bar = (terminal: Terminal, pace: TimeEstimate, now: () => number): Progress => {
  let step = OPENING;
  let last = -Infinity;
  const draw = (): void => {
    last = now();
    terminal.status(barText(step, pace, terminal));
  };
  draw();
  return {
    report: (event) => {
      if (event.kind === 'step') step = `${event.stage ?? 'step'} ${event.step}/${event.steps}`;
      else if (event.kind === 'opened') step = 'first step';
      if (event.kind !== 'step' || now() - last >= BAR_EVERY_MS) draw();
    },
    stop: () => {
      terminal.status(null);
    },
  };
};

/** As many texts as fit, the most important first. */
const barText = (step: string, pace: TimeEstimate, { statusWidth, colors }: Terminal): string => {
  const { rows, failed, steps, total } = pace;
  const parts = [
    { text: `${rows}/${total.rows} rows`, style: String },
    ...(failed > 0 ? [{ text: `${failed} failed`, style: colors.red }] : []),
    ...[step, ...leftText(pace), ...(step === OPENING ? [] : [rateText(pace)])]
      .filter((text) => text !== '')
      .map((text) => ({ text, style: String })),
  ];
  const widthOf = (cells: number, count: number): number =>
    cells + parts.slice(0, count).reduce((sum, { text }) => sum + 2 + stringWidth(text), 0);
  /* The bar shrinks for rows and failures; other texts are left out for the bar. */
  const least = failed > 0 ? 2 : 1;
  const largest = (count: number): number | undefined => BAR_CELLS.find((size) => widthOf(size, count) <= statusWidth);
  const cells = largest(least + 1) ?? largest(least) ?? SHORTEST_BAR;
  let count = parts.length;
  while (count > 1 && widthOf(cells, count) > statusWidth) count--;
  const filled = total.steps === 0 ? cells : Math.floor((cells * steps) / total.steps);
  const drawn = colors.cyan('█'.repeat(filled)) + colors.dim('░'.repeat(cells - filled));
  return [drawn, ...parts.slice(0, count).map(({ text, style }) => style(text))].join('  ');
};

const lines = (terminal: Terminal, pace: TimeEstimate, now: () => number): Progress => {
  const { total } = pace;
  let last = now();
  return {
    report: (event) => {
      if (event.kind === 'opened') {
        const { model, device, precision, openedInMs } = event.info;
        terminal.write(`Loaded ${model} on ${device} (${precision}) in ${timeText(openedInMs)}\n`);
      }
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      const failed = pace.failed > 0 ? `, ${pace.failed} failed` : '';
      const left = [rateText(pace), ...leftText(pace)].join(', ');
      terminal.write(`${pace.rows} of ${total.rows} rows${failed}, ${pace.steps} of ${total.steps} steps, ${left}\n`);
    },
    stop: () => undefined,
  };
};
