import type { RefineReply } from '#src/records/job.js';
import { rowTime, TimesOfRun } from '#src/run/batch/call-times.js';
import { addWork, countWork, NO_WORK } from '#src/run/batch/count-calls.js';

const plain = { cacheInterval: 1, guidanceScale: 5, guidanceStart: 0, guidanceEnd: 1 };

it.each([
  ['all whole', 15, 1, plain, { calls: 15, cached: 0, samples: 30, cachedSamples: 0 }],
  ['without guidance', 15, 1, { ...plain, guidanceScale: 1 }, { calls: 15, cached: 0, samples: 15, cachedSamples: 0 }],
  ['every second whole', 8, 1, { ...plain, cacheInterval: 2 }, { calls: 8, cached: 4, samples: 16, cachedSamples: 8 }],
  /* Steps of two calls; the last has one. */
  ['second order', 7, 2, { ...plain, cacheInterval: 2 }, { calls: 7, cached: 3, samples: 14, cachedSamples: 6 }],
])('work %s', (_, calls, order, settings, work) => {
  expect(countWork(calls, order, settings)).toEqual(work);
  expect(addWork(NO_WORK, work)).toEqual(work);
});

/** A row of half a megapixel: 4 whole samples and 2 cached. */
const reply = (ms: number, cachedMs: number, engineMs: number): RefineReply =>
  ({ width: 1000, height: 500, engineMs, unetCalls: { samples: 6, cached: 2, ms, cachedMs } }) as RefineReply;

it('takes medians of the rows after the first, which reads the weights', () => {
  const run = new TimesOfRun();
  expect(run.times).toBeNull();
  run.observe(reply(9000, 1000, 20_000));
  expect(run.times).toEqual({ whole: 4000, cached: 1000, rest: 22_000 });
  for (const ms of [420, 400, 440]) run.observe(reply(ms + 40, 40, ms + 140));
  expect(run.times).toEqual({ whole: 210, cached: 40, rest: 200 });
  const work = { calls: 3, cached: 1, samples: 6, cachedSamples: 2 };
  expect(rowTime(run.times!, work, 500_000)).toBe(560);
  expect(rowTime({ whole: 100, cached: null, rest: 0 }, work, 1_000_000)).toBe(410);
});

it('rows whose calls an earlier run made say nothing', () => {
  const run = new TimesOfRun();
  run.observe({ width: 8, height: 8, engineMs: 5 } as RefineReply);
  expect(run.times).toBeNull();
});
