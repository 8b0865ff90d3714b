import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Verb } from '#src/app/cli/commands/run-kind.js';
import type { ResultLine, RunEnd } from '#src/app/cli/progress/print-results.js';
import { createStepSummary } from '#src/app/cli/progress/step-summary.js';
import { addToSummary, emptySummary } from '#src/run/results/summary.js';
import type { ResultRecord } from '#src/records/result.js';
import { temporaryFolder } from '../../../../support/run-cli.js';
import { failedRecord, okRecord } from '../../../run/results/records.js';

const folder = temporaryFolder();
const path = join(folder, 'summary.md');
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  rmSync(path, { force: true });
});

const record = (row: number, message: string | null): ResultRecord => ({
  ...(message === null ? okRecord() : failedRecord()),
  row_number_per_file: row,
  input_csv_name: 'manifest.jsonl',
  image: `${row}.png`,
  error: message === null ? null : { code: 'IMAGE_NOT_FOUND', message },
});

const ended = (total: number, duration_ms: number): RunEnd => ({
  total,
  duration_ms,
  refined: 0,
  taken_over: 0,
  results: 'r',
});

const summarize = async (
  records: readonly ResultRecord[],
  end: RunEnd | null,
  options: { path?: string; stoppedBy?: string; verb?: Verb; settings?: Parameters<typeof createStepSummary>[1] } = {},
): Promise<string> => {
  const stderr = new PassThrough();
  const env = { GITHUB_STEP_SUMMARY: options.path ?? path };
  const step = createStepSummary({ env, stderr }, options.settings ?? {}, options.verb ?? 'refined');
  const lines: ResultLine[] = [...records];
  if (end !== null) lines.push({ summary: { ...records.reduce(addToSummary, emptySummary()), ...end } });
  for (const line of lines) step.add(line);
  await step.write(options.stoppedBy ?? null);
  return String(stderr.read() ?? '');
};
const markdown = (): string => readFileSync(path, 'utf8');

it('is appended: counts, time, failures, the settings that were given', async () => {
  writeFileSync(path, 'before\n');
  await summarize([record(0, null), record(1, 'no such file')], ended(3, 8200), {
    settings: { strength: { value: 0.25, source: 'env' }, steps: { value: 50, source: 'default' } },
  });
  expect(markdown()).toBe(`before
### sdxl-refine: 1 of 3 rows refined

| ok | failed | blocked | skipped | not tried | time |
| --- | --- | --- | --- | --- | --- |
| 1 | 1 | 0 | 0 | 1 | 8.2 s |

Failures: \`IMAGE_NOT_FOUND\` 1

| input | row | picture | error | message |
| --- | --- | --- | --- | --- |
| manifest.jsonl | 1 | 1.png | IMAGE\\_NOT\\_FOUND | no such file |

<details><summary>Settings; the rest are defaults</summary>

| setting | value | from |
| --- | --- | --- |
| strength | 0.25 | env |

</details>

`);
});

it('shows the first twenty failures, and counts all', async () => {
  await summarize(
    Array.from({ length: 35 }, (_, row) => record(row, 'gone')),
    ended(35, 1),
  );
  expect(markdown()).toContain('Failures: `IMAGE_NOT_FOUND` 35; the first 20:');
  expect(markdown().match(/\| gone \|/g)).toHaveLength(20);
});

it('texts of rows are neither Markdown nor HTML nor longer than a table bears', async () => {
  const text = `a|b\n<img src=x> [l](u) \`c\` $x$ @me ${'y'.repeat(9000)}`;
  await summarize([record(0, text)], ended(1, 1));
  const row = markdown()
    .split('\n')
    .find((line) => line.includes('IMAGE\\_NOT'))!;
  expect(row).toContain('a\\|b \\<img src=x\\> \\[l\\]\\(u\\) \\`c\\` \\$x\\$ \\@me y');
  expect(row.length).toBeLessThan(500);
  expect(markdown()).not.toMatch(/[^\\]<img/);
});

it('says what a dry run found, and what stopped a run', async () => {
  await summarize([record(0, null), record(1, 'gone')], { total: 2, unet_calls: 15 });
  expect(markdown()).toContain(
    '### sdxl-refine, dry run: 1 of 2 rows would run\n\n| would run | failed | UNet calls |',
  );
  await summarize([record(0, null)], null, { stoppedBy: 'the disk is full [OUTPUT_UNWRITABLE]' });
  expect(markdown()).toContain('stopped after 1 row\n\n| ok |');
  expect(markdown()).toContain('the disk is full \\[OUTPUT\\_UNWRITABLE\\]');
});

it('says what generate did', async () => {
  await summarize([record(0, null)], ended(1, 1), { verb: 'generated' });
  expect(markdown()).toContain('1 of 1 row generated');
});

it('a file that cannot be written is a warning', async () => {
  const warning = await summarize([record(0, null)], ended(1, 1), { path: join(folder, 'none/x.md') });
  expect(warning).toMatch(/^sdxl-refine: the summary was not written to GITHUB_STEP_SUMMARY: ENOENT/);
});

it('nothing is written where nobody asks', async () => {
  expect(await summarize([record(0, null)], ended(1, 1), { path: '' })).toBe('');
  expect(() => markdown()).toThrow('ENOENT');
});
