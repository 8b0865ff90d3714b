/** A dry run says what a run would do and what it would cost, and does nothing. */
import { existsSync, writeFileSync } from 'node:fs';
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
  expect(dry.stderr).toMatch(
    new RegExp(`^UNet calls by --speed: exact ${String(calls)}, balanced \\d+ .\\d+ with cached features`, 'm'),
  );
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

describe('in the folder of an earlier run, it ends as the run would', () => {
  const out = join(folder, 'earlier');
  const one = writeRows(join(folder, 'one.jsonl'), [{ ...goodRow, output: 'one.png' }]);
  const other = writeRows(join(folder, 'other.jsonl'), [{ ...goodRow, output: 'other.png' }]);
  const changed = writeRows(join(folder, 'changed.jsonl'), [{ ...goodRow, output: 'one.png', seed: 2 }]);
  const csv = join(folder, 'predictions.csv');
  const occupied = join(folder, 'a-file');

  beforeAll(async () => {
    writeFileSync(csv, 'mine');
    writeFileSync(occupied, 'mine');
    expect((await runBatch([one, '--output-dir', out])).code).toBe(0);
  });

  it.each<[string, string[], string]>([
    ['what would be replaced', [one, '--output-dir', out], 'OUTPUT_EXISTS'],
    ['results of other inputs', [other, '--output-dir', out, '--resume'], 'OUTPUT_OTHER_RUN'],
    ['another division', [one, '--output-dir', out, '--resume', '--shard', '1/2'], 'OUTPUT_OTHER_RUN'],
    ['an output of other settings', [changed, '--output-dir', out, '--append'], 'OUTPUT_EXISTS'],
    [
      'a CSV that no run of the folder wrote',
      [one, '--output-dir', join(folder, 'new'), '--predictions-csv', csv],
      'OUTPUT_EXISTS',
    ],
    ['a file in the folder’s place', [one, '--output-dir', occupied], 'OUTPUT_UNWRITABLE'],
  ])('%s', async (_what, args, code) => {
    const [dry, run] = [await runBatch([...args, '--dry-run']), await runBatch(args)];
    expect(dry).toMatchObject({ code: 6, stdout: '' });
    expect(dry.stderr).toContain(`[${code}]`);
    if (code !== 'OUTPUT_UNWRITABLE') expect(dry.stderr).toBe(run.stderr);
    expect(run.code).toBe(6);
  });

  it('and where it would go on, it looks', async () => {
    for (const flag of ['--resume', '--append', '--overwrite']) {
      expect(await runBatch([one, '--output-dir', out, flag, '--dry-run'])).toMatchObject({ code: 0 });
    }
    const added = [one, other, '--output-dir', out, '--append', '--dry-run'];
    expect(await runBatch(added)).toMatchObject({ code: 0 });
  });
});
