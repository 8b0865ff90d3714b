/** What decides a row's settings and how far a run goes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, picture, readResults, runBatch, toJsonl, workFolder, writeRows } from '../support/batch.js';
import { goldenData } from '../support/golden.js';
import { parseResults } from '../support/run-cli.js';

const folder = workFolder();
const badRow = { ...goodRow, image: 'none.png' };
const summaryOf = (stdout: string): unknown =>
  (JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { summary: unknown }).summary;

describe('settings', () => {
  const out = join(folder, 'settings');
  const image = 'square-64.png';
  const rows = [
    { image },
    { image, strength: 0.25, steps: 4, prompt: 'its own', guidance_scale: 0, scheduler: 'EulerDiscreteScheduler' },
    { image, prompt: '', num_inference_steps: 3, seed: 2 ** 53 - 1, negative_prompt: null, note: { mine: [1] } },
  ];
  beforeAll(async () => {
    const options = ['--prompt', 'everybody’s', '--strength', '0.5', '--steps', '2', '--negative-prompt', 'blur'];
    const run = await runBatch(['-', '--output-dir', out, '--quiet', ...options], {
      cwd: goldenData('images'),
      input: toJsonl(rows),
    });
    expect(run).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  it('row beats option beats default', () => {
    expect(readResults(out)).toMatchObject([
      { prompt: 'everybody’s', negative_prompt: 'blur', strength: 0.5, steps: 2, guidance_scale: 5, steps_run: 1 },
      { prompt: 'its own', negative_prompt: 'blur', strength: 0.25, steps: 4, guidance_scale: 0, steps_run: 1 },
      { prompt: '', negative_prompt: 'blur', strength: 0.5, steps: 3, guidance_scale: 5, steps_run: 1 },
    ]);
  });

  it('a seed is drawn once for the run and recorded for every row', () => {
    const [first, second, third] = readResults(out).map(({ seed }) => seed);
    expect(Number.isSafeInteger(first)).toBe(true);
    expect(second).toBe(first);
    expect(third).toBe(2 ** 53 - 1);
  });

  it('the recorded seed gives the picture again', async () => {
    const again = join(folder, 'again');
    const { seed, prompt, negative_prompt: negative } = readResults(out)[0]!;
    const row = { ...goodRow, prompt, negative_prompt: negative, seed };
    const run = await runBatch(['-', '--output-dir', again, '--quiet'], { input: toJsonl([row]) });
    expect(run.code).toBe(0);
    expect(readFileSync(join(again, 'square-64.png'))).toEqual(readFileSync(join(out, 'square-64.png')));
  });

  it('keys that are not ours are returned', () => {
    expect(readResults(out)[2]).toMatchObject({ extra: { note: { mine: [1] } }, input_csv_name: '-' });
  });
});

describe('--error-threshold', () => {
  const manifest = writeRows(join(folder, 'failing.jsonl'), [
    badRow,
    goodRow,
    badRow,
    goodRow,
    badRow,
    badRow,
    goodRow,
  ]);
  const runWith = (threshold: string): ReturnType<typeof runBatch> =>
    runBatch([
      manifest,
      '--output-dir',
      join(folder, `threshold ${threshold}`),
      '--json',
      '--error-threshold',
      threshold,
    ]);

  it.each(['0', '1'])('%s: the run stops soon after one more row than that has failed', async (threshold) => {
    const run = await runWith(threshold);
    expect(run.code).toBe(1);
    const results = readResults(join(folder, `threshold ${threshold}`));
    const stopsAt = threshold === '0' ? 1 : 3;
    expect([stopsAt, stopsAt + 1, stopsAt + 2]).toContain(results.length);
    expect(results.length).toBeLessThan(6);
    const failed = results.filter(({ status }) => status === 'failed').length;
    expect(summaryOf(run.stdout)).toMatchObject({
      rows: results.length,
      failed,
      ok: results.length - failed,
      total: 7,
    });
    expect(parseResults(run.stdout).slice(0, -1)).toEqual(results);
    expect(run.stderr).toContain(`stopped by --error-threshold; ${7 - results.length} rows were not tried`);
  });

  it('-1: the run goes on to its end', async () => {
    const run = await runWith('-1');
    expect(run.code).toBe(1);
    expect(summaryOf(run.stdout)).toMatchObject({ rows: 7, ok: 3, failed: 4, errors: { IMAGE_NOT_FOUND: 4 } });
  });
});

it('--limit: only the first rows of all inputs, and the Azure CSV of them', async () => {
  const out = join(folder, 'limited');
  const csv = join(folder, 'predictions/predictions.csv');
  const inputs = [
    writeRows(join(folder, 'a,b.jsonl'), [goodRow, badRow]),
    writeRows(join(folder, 'c.jsonl'), [goodRow, goodRow]),
  ];
  const run = await runBatch([...inputs, '--output-dir', out, '--limit', '3', '--predictions-csv', csv]);
  expect(run.code).toBe(1);
  expect(readResults(out)).toHaveLength(3);
  expect(existsSync(join(out, 'square-64-3.png'))).toBe(false);
  expect(readFileSync(csv, 'utf8')).toBe('0,square-64.png,,"a,b.jsonl"\n1,,,"a,b.jsonl"\n0,square-64-2.png,,c.jsonl\n');
});

it.each([
  ['--strength', '0.01'],
  ['--strength', '1.5'],
  ['--denoising-start', '1'],
  ['--denoising-end', '0'],
])('%s %s is wrong for every row, which is told before a model is looked for', async (...option) => {
  const args = ['-', '--output-dir', join(folder, 'none'), '--model', join(folder, 'no-model'), ...option];
  const run = await runBatch(args, { input: toJsonl([{ image: picture('square-64'), prompt: 'a' }]) });
  expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/ \[USAGE_OPTION_INVALID\]\n$/) });
});
