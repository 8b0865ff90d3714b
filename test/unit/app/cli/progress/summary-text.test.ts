import { summaryText } from '#src/app/cli/progress/summary-text.js';
import { addToSummary, emptySummary } from '#src/run/results/summary.js';
import { failedRecord, okRecord } from '../../../run/results/records.js';

it('names the results file of a shard', () => {
  const summary = addToSummary(emptySummary(), okRecord());
  const facts = { total: 1, durationMs: 1000, outputFolder: 'out', verb: 'refined' } as const;
  const text = summaryText(
    { summary, takenOver: 0, refined: 1, kept: 0, stoppedByThreshold: false },
    { ...facts, resultsName: 'results-1-of-4.jsonl' },
  );
  expect(text).toBe('1 of 1 row refined in 1.0 s (60.0 pictures/min)\npictures and results-1-of-4.jsonl: out\n');
});

it('never says of rows that were done before that this run did them', () => {
  const summary = [1, 2, 3, 4].reduce(
    (sum) => addToSummary(sum, okRecord()),
    addToSummary(emptySummary(), failedRecord()),
  );
  const facts = { total: 5, durationMs: 60_000, outputFolder: 'out', verb: 'refined', resultsName: 'r.jsonl' } as const;
  const text = summaryText({ summary, takenOver: 4, refined: 1, kept: 0, stoppedByThreshold: false }, facts);
  expect(text).toContain('1 refined, 3 already done (5 rows) in 1 min 0 s (1.0 pictures/min)\n');
  expect(text).toContain('1 that failed in an earlier run was not tried again: --retry-failed tries it\n');
  expect(text).not.toContain('of 5 rows');
});

it('has no rate where nothing was refined', () => {
  const facts = { total: 4, durationMs: 1900, outputFolder: 'out', verb: 'refined', resultsName: 'r.jsonl' } as const;
  const failed = addToSummary(emptySummary(), failedRecord());
  const none = summaryText({ summary: failed, takenOver: 0, refined: 0, kept: 0, stoppedByThreshold: false }, facts);
  expect(none).toMatch(/^0 of 4 rows refined in 1\.9 s\n/);
  const ok = [1, 2, 3, 4].reduce((sum) => addToSummary(sum, okRecord()), emptySummary());
  const done = summaryText({ summary: ok, takenOver: 4, refined: 0, kept: 0, stoppedByThreshold: false }, facts);
  expect(done).toBe('Nothing to do: 0 refined, 4 already done (4 rows) in 1.9 s\npictures and r.jsonl: out\n');
});

it.each([
  [2, '1 row was not tried'],
  [3, '2 rows were not tried'],
])('of %i rows after one that failed, with an error threshold: %s', (total, untried) => {
  const facts = { total, durationMs: 1900, outputFolder: 'out', verb: 'refined', resultsName: 'r.jsonl' } as const;
  const summary = addToSummary(emptySummary(), failedRecord());
  const text = summaryText({ summary, takenOver: 0, refined: 0, kept: 0, stoppedByThreshold: true }, facts);
  expect(text).toContain(`stopped by --error-threshold; ${untried}\n`);
});
