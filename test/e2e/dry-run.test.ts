/** A dry run says what a run would do and what it would cost, and does nothing. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, picture, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { env } from 'node:process';
import { parseResults, runCli } from '../support/run-cli.js';

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

describe('each preset', () => {
  const count = async (
    name: string,
    given: readonly Record<string, unknown>[],
    ...flags: string[]
  ): Promise<{ own: unknown; speeds: Record<string, Record<string, number>>; stderr: string }> => {
    const rowsFile = writeRows(join(folder, `${name}.jsonl`), given);
    const { stdout, stderr } = await runBatch([
      rowsFile,
      '--output-dir',
      join(folder, name),
      '--dry-run',
      '--json',
      ...flags,
    ]);
    const { speeds, unet_calls: own } = summaryOf(stdout) as {
      speeds: Record<string, Record<string, number>>;
      unet_calls: number;
    };
    return { own, speeds, stderr };
  };
  const plain = { image, prompt: 'by default' };

  it('is counted by the schedule that would run', async () => {
    const { own, speeds } = await count('heun', [plain, { ...plain, scheduler: 'Heun' }], '--scheduler', 'Heun');
    /* 15 and 8 steps of two calls, of which the last has one. */
    expect([own, speeds['exact']!['unet_calls'], speeds['balanced']]).toMatchObject([
      58,
      58,
      { unet_calls: 30, cached_unet_calls: 14, would_fail: 0 },
    ]);
  });

  it('says how many rows would fail with it', async () => {
    /* 27 × 0.03 is less than one step. */
    const { own, speeds, stderr } = await count('few', [plain, { ...plain, strength: 0.03 }]);
    expect([own, speeds['exact'], speeds['balanced']]).toMatchObject([16, { would_fail: 0 }, { would_fail: 1 }]);
    expect(stderr).toMatch(
      /^UNet calls by --speed: exact 16, balanced 8 \(4 with cached features; 1 row would fail\),/m,
    );

    const cached = await count('deep', [{ ...plain, cache_interval: 2, cache_depth: 9 }]);
    expect(cached.stderr).toMatch(/ROW_FIELD_INVALID: Expected cache_depth to be at most 2/);

    const generated = await runCli(['generate', '-p', 'x', '--sigmas', '14.6,6.3,0', '--mode', 'base', '--dry-run']);
    expect(generated.stderr).toMatch(/exact 2, balanced 0 \(every row would fail\), fast 0 \(every row would fail\)/);
  });

  it('has a time once a run here has measured it', async () => {
    const own = { env: { ...env, SDXL_REFINE_CACHE: join(folder, 'cache') } };
    const one = writeRows(join(folder, 'timed.jsonl'), [plain]);
    const dry = [one, '--output-dir', join(folder, 'timed-next'), '--dry-run', '--json'];
    const before = await runBatch(dry, own);
    expect(before.stderr).toMatch(/^time by --speed: known after a run here/m);
    expect(summaryOf(before.stdout)).not.toHaveProperty('seconds');
    const { code, stdout } = await runBatch([one, '--output-dir', join(folder, 'timed'), '--json'], own);
    expect(code).toBe(0);
    const took = parseResults(stdout)[0]!.duration_ms! / 1000;
    const after = await runBatch(dry, own);
    /* The CPU computes fast in another precision, which has not run. */
    expect(after.stderr).toMatch(
      /^time by --speed: exact about [\d.]+ s, balanced about [\d.]+ s, fast unknown \(.*\)$/m,
    );
    const { seconds } = summaryOf(after.stdout) as { seconds: number };
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(1.1 * took);
  });
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

  it('counts no finished row, and prints its result as the run would', async () => {
    const resumed = await runBatch([one, other, '--output-dir', out, '--append', '--dry-run', '--json']);
    expect(resumed.stderr).toMatch(/^1 row would run: [^]*^1 row already done$/m);
    expect(parseResults(resumed.stdout).slice(0, 2)).toMatchObject([{ status: 'ok' }, { status: 'skipped' }]);
    expect(summaryOf(resumed.stdout)).toMatchObject({ done: 1, ok: 1, skipped: 1 });
  });

  it('and where it would go on, it looks', async () => {
    for (const flag of ['--resume', '--append', '--overwrite']) {
      expect(await runBatch([one, '--output-dir', out, flag, '--dry-run'])).toMatchObject({ code: 0 });
    }
    const added = [one, other, '--output-dir', out, '--append', '--dry-run'];
    expect(await runBatch(added)).toMatchObject({ code: 0 });
  });
});
