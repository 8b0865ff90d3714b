/** A dry run says what a run would do and what it would cost, and does nothing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, picture, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { parseResults } from '../support/run-cli.js';

const folder = workFolder();
const image = picture('square-64');
const rows = [
  goodRow,
  { image, prompt: 'by default' },
  { image, prompt: 'from the middle', steps: 10, denoising_start: 0.8 },
  { image, prompt: 'to the middle', steps: 10, strength: 1, denoising_end: 0.35, output: 'latents.safetensors' },
  { image, prompt: 'rounded down', steps: 7, strength: 0.5 },
  { image: 'none.png', prompt: 'a missing picture' },
];
const manifest = writeRows(join(folder, 'manifest.jsonl'), rows);
const summaryOf = (stdout: string): Record<string, unknown> =>
  (JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { summary: Record<string, unknown> }).summary;

it('names outputs, counts UNet calls as a run does, and writes nothing', async () => {
  const out = join(folder, 'out');
  const dry = await runBatch([manifest, '--output-dir', out, '--dry-run', '--json']);
  expect(dry.code).toBe(1);
  expect(existsSync(out)).toBe(false);
  const calls = summaryOf(dry.stdout)['unet_calls'];
  expect(dry.stderr).toContain(`5 rows would run: ${String(calls)} UNet calls on cpu (fp32)`);
  expect(dry.stderr).toMatch(/^none\.png: failed, IMAGE_NOT_FOUND: .* \(manifest\.jsonl, line 6\)$/m);
  expect(dry.stderr).toContain('1 failed: IMAGE_NOT_FOUND 1');

  const run = await runBatch([manifest, '--output-dir', out, '--json', '--quiet']);
  expect(run.code).toBe(1);
  expect(calls).toBe(summaryOf(run.stdout)['steps_run']);
  const planned = parseResults(dry.stdout).slice(0, -1);
  const done = readResults(out);
  expect(planned.map(({ status }) => status)).toEqual([...Array<string>(5).fill('skipped'), 'failed']);
  expect(planned.map((result) => result.image_file_name)).toEqual(done.map((result) => result.image_file_name));
  expect(planned.map((result) => result.error)).toEqual(done.map((result) => result.error));
});

it('ends with 0 when every row would run, quietly if asked', async () => {
  const good = writeRows(join(folder, 'good.jsonl'), [goodRow, goodRow]);
  const run = await runBatch([good, '--output-dir', join(folder, 'none'), '--dry-run', '--quiet']);
  expect(run).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
});

it('opens the model: exit 4 where it would not open', async () => {
  const run = await runBatch([manifest, '--dry-run', '--model', join(folder, 'nobody/none')]);
  expect(run).toMatchObject({ code: 4, stdout: '' });
  expect(run.stderr).toMatch(/\[MODEL_NOT_FOUND\]\n$/);
});
