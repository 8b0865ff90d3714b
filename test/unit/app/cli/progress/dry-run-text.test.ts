import { dryRunText } from '#src/app/cli/progress/dry-run-text.js';
import type { Speed } from '#src/app/cli/options/speed.js';
import type { Cost, DryRunCost } from '#src/run/batch/dry-run.js';
import type { ProcessorInfo } from '#src/run/batch/row-processor.js';
import { emptySummary } from '#src/run/results/summary.js';

const info = { model: 'm', device: 'cpu', precision: 'fp32', openedInMs: 1400 } as ProcessorInfo;
const cost = (values: Partial<Cost> = {}): DryRunCost => ({
  ...{ rows: 2, failed: 0, calls: 30, cached: 0, ms: null, done: 0, alternatives: [] },
  ...values,
});

const linesOf = (own: DryRunCost, balanced: Cost, fast: Cost): string[] => {
  const costs = new Map<Speed, Cost>([
    ['exact', own],
    ['balanced', balanced],
    ['fast', fast],
  ]);
  return dryRunText(emptySummary(), own, info, costs).split('\n').slice(1, -2);
};

it('says calls, times where they are known, and rows that only a preset fails', () => {
  const balanced = cost({ calls: 16, cached: 8, ms: 34_560 });
  expect(linesOf(cost({ ms: 221_000 }), balanced, cost({ rows: 1, failed: 1, calls: 8 }))).toEqual([
    'UNet calls by --speed: exact 30, balanced 16 (8 with cached features), fast 8 (1 row would fail)',
    'time by --speed: exact about 3 min 40 s, balanced about 35 s, fast unknown (known after a run with it)',
  ]);
});

it('says how to know the time, and nothing of presets without rows', () => {
  const none = cost({ rows: 0, failed: 2, calls: 0, ms: 0 });
  expect(linesOf(cost(), none, none)).toEqual([
    'UNet calls by --speed: exact 30, balanced 0 (every row would fail), fast 0 (every row would fail)',
    'time by --speed: known after a run here, of one row (--limit 1) or more',
  ]);
  const done = cost({ rows: 0, calls: 0, ms: 0 });
  expect(linesOf({ ...done, done: 2 }, done, done)).toEqual(['2 rows already done']);
});

it('names no device and no calls where no model was opened', () => {
  const none = cost({ rows: 0, failed: 2, calls: 0, ms: 0 });
  const unopened = { ...info, device: 'auto', precision: 'auto', isOpened: false };
  expect(dryRunText(emptySummary(), none, unopened, new Map([['exact', none]]))).toBe(
    '0 rows would run\nmodel: m, not loaded\n',
  );
});
