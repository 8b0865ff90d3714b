import { summaryText } from '#src/cli/summary-text.js';
import { addToSummary, emptySummary } from '#src/results/summary.js';
import { okRecord } from '../results/records.js';

it('names the results of a part by their file', () => {
  const summary = addToSummary(emptySummary(), okRecord());
  const facts = { total: 1, durationMs: 1000, outputFolder: 'out', verb: 'refined' } as const;
  const text = summaryText(
    { summary, takenOver: 0, stoppedByThreshold: false },
    { ...facts, resultsName: 'results-1-of-4.jsonl' },
  );
  expect(text).toBe('1 of 1 row refined in 1.0 s (60.0 pictures/min)\npictures and results-1-of-4.jsonl: out\n');
});
