import { TimeEstimate } from '#src/app/cli/progress/time-estimate.js';

const clock = (): { now: () => number; pass: (milliseconds: number) => void } => {
  let time = 5_000;
  return { now: () => time, pass: (milliseconds) => (time += milliseconds) };
};
const at = (index: number, copy = 0): { index: number; copy: number } => ({ index, copy });
const picture = { isFailed: false, isPicture: true };

it('time left follows steps, not rows', () => {
  const { now, pass } = clock();
  const pace = new TimeEstimate({ rows: 3, steps: 31 }, now);
  pass(9_000);
  pace.begin();
  expect(pace.timeLeft).toBeNull();
  pass(1_000);
  pace.step(at(0), 'refiner', 1);
  pace.row({ ...at(0), steps: 1, ...picture });
  expect(pace).toMatchObject({ rows: 1, steps: 1, timeLeft: 30_000, picturesPerMinute: 60 });
  pace.step(at(1), 'refiner', 0);
  pass(9_000);
  pace.step(at(1), 'refiner', 9);
  expect(pace).toMatchObject({ steps: 10, timeLeft: 21_000 });
});

it('a row that is written while the next one runs is counted once', () => {
  const { now, pass } = clock();
  const pace = new TimeEstimate({ rows: 2, steps: 20 }, now);
  pace.step(at(0), 'refiner', 10);
  pace.step(at(1), 'refiner', 2);
  expect(pace.steps).toBe(12);
  pass(12_000);
  pace.row({ ...at(0), steps: 10, ...picture });
  expect(pace).toMatchObject({ rows: 1, steps: 12, timeLeft: 8_000 });
});

it('rows that take no time count as done, and do not change the estimated speed', () => {
  const { now, pass } = clock();
  const pace = new TimeEstimate({ rows: 4, steps: 40 }, now);
  pace.row({ ...at(0), steps: 10, isFailed: false, isPicture: false });
  pace.row({ ...at(1), steps: 10, isFailed: true, isPicture: false });
  expect(pace).toMatchObject({ rows: 2, failed: 1, steps: 20, timeLeft: null, picturesPerMinute: 0 });
  pass(10_000);
  pace.step(at(2), 'refiner', 10);
  pace.row({ ...at(2), steps: 10, ...picture });
  expect(pace).toMatchObject({ steps: 30, timeLeft: 10_000, picturesPerMinute: 6 });
});

it('a row that two models work on has the steps of both', () => {
  const { now, pass } = clock();
  const pace = new TimeEstimate({ rows: 2, steps: 20 }, now);
  for (const row of [0, 1]) pace.step(at(row), 'base', 8);
  pace.step(at(0), 'refiner', 2);
  pass(18_000);
  pace.row({ ...at(0), steps: 10, ...picture });
  expect(pace).toMatchObject({ steps: 18, timeLeft: 2_000 });
});

it('the pictures that a row counts are told apart', () => {
  const { now, pass } = clock();
  const pace = new TimeEstimate({ rows: 2, steps: 20 }, now);
  for (const copy of [0, 1]) pace.step(at(0, copy), 'base', 8);
  expect(pace.steps).toBe(16);
  pace.step(at(0, 0), 'refiner', 2);
  pass(18_000);
  pace.row({ ...at(0, 0), steps: 10, ...picture });
  expect(pace).toMatchObject({ steps: 18, timeLeft: 2_000 });
});
