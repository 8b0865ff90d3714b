import { PassThrough } from 'node:stream';
import type { BatchEvent } from '#src/batch/events.js';
import { createProgress, type Progress } from '#src/cli/progress.js';
import type { WorkInfo } from '#src/batch/work-info.js';
import type { ResultRecord } from '#src/records.js';

const total = { rows: 4, steps: 40 };
const opened = {
  kind: 'opened',
  info: { model: 'refiner', device: 'cpu', precision: 'fp32', openedInMs: 1200 } as WorkInfo,
} as const;
const row = (rowIndex: number, result: Partial<ResultRecord>): BatchEvent => ({
  kind: 'row',
  rowIndex,
  copy: 0,
  result: { row_number_per_file: rowIndex, image: `${rowIndex}.png`, error: null, ...result } as ResultRecord,
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
const watch = (isTTY: boolean, quiet = false): { text: () => string; at: (seconds: number) => Progress } => {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns: 200 });
  let time = 0;
  const progress = createProgress(stderr, total, quiet, () => time);
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

test('without a terminal: what was opened, what failed, and a line a minute', async () => {
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
    'Opened refiner on cpu (fp32) in 1.2 s',
    '1.png: failed, IMAGE_NOT_FOUND: There is no picture.',
    '2 of 4 rows, 1 failed, 24 of 40 steps, 1.0 pictures/min, 1 min 48 s left',
    '',
  ]);
});

test('a thousand failures do not flood a log', async () => {
  const { text, at } = watch(false);
  for (let index = 0; index < 1000; index++) at(1).report(row(index, { status: 'failed', error: missing }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(text().split('\n').length).toBeLessThan(30);
});

test('on a terminal: a bar with rows, steps, pace and the last failure', async () => {
  const { text, at } = watch(true);
  at(0).report(opened);
  at(10).report(step(0, 10));
  at(10).report(row(0, { status: 'ok' }));
  at(10).report(row(1, { status: 'failed', error: missing }));
  at(20).stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(text()).toMatch(
    /2\/4 rows {2}step 10\/10 {2}6\.0 pictures\/min, 20\.0 s left {2}1 failed, last 1\.png: IMAGE_NOT_FOUND/,
  );
});

test('quiet says nothing', async () => {
  const { text, at } = watch(true, true);
  at(0).report(opened);
  at(90).report(row(0, { status: 'failed', error: missing }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(text()).toBe('');
});
