import { PassThrough } from 'node:stream';
import type { BatchEvent } from '#src/run/batch/events.js';
import { createProgress, type Progress } from '#src/app/cli/progress/progress.js';
import { createTerminal } from '#src/app/cli/progress/terminal.js';
import type { ProcessorInfo } from '#src/run/batch/row-processor.js';
import type { ResultRecord } from '#src/records/result.js';

/** Takes the bar away. */
const ERASE = '\r\u001b[J';
const total = { rows: 4, steps: 40 };
const opened = {
  kind: 'opened',
  info: { model: 'refiner', device: 'cpu', precision: 'fp32', openedInMs: 1200 } as ProcessorInfo,
} as const;
const row = (rowIndex: number, result: Partial<ResultRecord>): BatchEvent => ({
  kind: 'row',
  rowIndex,
  copy: 0,
  line: rowIndex + 1,
  result: {
    row_number_per_file: rowIndex,
    input_csv_name: 'rows.jsonl',
    image: `${rowIndex}.png`,
    error: null,
    ...result,
  } as ResultRecord,
  steps: 10,
  isPicture: result.status === 'ok',
});
const step = (rowIndex: number, done: number): BatchEvent => ({
  kind: 'step',
  rowIndex,
  copy: 0,
  step: done,
  steps: 10,
});

/** A run watched on a stream. @returns what was written, and how to move on */
const watch = (
  isTTY: boolean,
  { quiet = false, columns = 80 } = {},
): { text: () => string; at: (seconds: number) => Progress } => {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns });
  let time = 0;
  const progress = createProgress(createTerminal({ stderr, env: { NO_COLOR: '1' } }), total, quiet, () => time);
  let text = '';
  stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return {
    text: () => {
      const rest = stderr.read() as string | null;
      return text + (rest ?? '');
    },
    at: (seconds) => {
      time = seconds * 1000;
      return progress;
    },
  };
};
const missing = { code: 'IMAGE_NOT_FOUND', message: 'There is no picture.' } as const;

it('without a terminal: what was opened, what failed, and a line a minute', async () => {
  const { text, at } = watch(false);
  at(0).report(opened);
  at(5).report(step(0, 5));
  at(10).report(row(0, { status: 'ok' }));
  at(11).report(row(1, { status: 'failed', error: missing }));
  at(59).report(step(2, 2));
  at(61).report(step(2, 4));
  at(70).report(step(2, 5));
  await new Promise((resolve) => setImmediate(resolve));
  expect(text().split('\n')).toEqual([
    'Loaded refiner on cpu (fp32) in 1.2 s',
    '1.png: failed, IMAGE_NOT_FOUND: There is no picture. (rows.jsonl, line 2)',
    '2 of 4 rows, 1 failed, 24 of 40 steps, 1.0 pictures/min, 1 min 48 s left',
    '',
  ]);
});

it('on a terminal: failed rows above a bar with rows, failures, step, time left and pace', async () => {
  const { text, at } = watch(true);
  at(0).report(opened);
  at(10).report(step(0, 10));
  at(10).report(row(0, { status: 'ok' }));
  at(10).report(row(1, { status: 'failed', error: missing }));
  at(20).stop();
  await new Promise((resolve) => setImmediate(resolve));
  const said = text().split(ERASE);
  expect(said.slice(-3)).toEqual([
    '✗ 1.png (rows.jsonl, line 2)\n  There is no picture. [IMAGE_NOT_FOUND]\n' +
      '██████░░░░░░░░░░░░░░░░░░  1/4 rows  step 10/10  30.0 s left  6.0 pictures/min',
    '████████████░░░░░░░░░░░░  2/4 rows  1 failed  step 10/10  20.0 s left',
    '',
  ]);
});

it.each([20, 30, 40, 80, 200])('the bar has room beside it for ^C on a terminal of %d columns', async (columns) => {
  const { text, at } = watch(true, { columns });
  at(0).report(opened);
  at(10).report(row(1, { status: 'failed', error: missing }));
  at(20).report(step(2, 5));
  await new Promise((resolve) => setImmediate(resolve));
  const bars = text().match(/[█░].*/g) ?? [];
  expect(bars.length).toBeGreaterThan(2);
  for (const one of bars) expect(one.length).toBeLessThanOrEqual(columns - 3);
  expect(bars.at(-1)).toMatch(/1\/4 rows/);
});

it.each([
  [true, '✗ 0.png (rows.jsonl, line 1)\n  There is no picture. [IMAGE_NOT_FOUND]\n'],
  [false, '0.png: failed, IMAGE_NOT_FOUND: There is no picture. (rows.jsonl, line 1)\n'],
])('quiet says failed rows and nothing else (terminal: %s)', async (isTTY, said) => {
  const { text, at } = watch(isTTY, { quiet: true });
  at(0).report(opened);
  at(90).report(row(0, { status: 'failed', error: missing }));
  at(90).report(row(1, { status: 'ok' }));
  at(91).stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(text()).toBe(said);
});
