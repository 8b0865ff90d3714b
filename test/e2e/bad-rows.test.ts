/** Rows that cannot run fail alone: each says why, and the others are refined. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { ErrorCode } from '#src/errors.js';
import type { ResultRecord } from '#src/records/result.js';
import { goodRow, picture, quick, readPixels, readResults, runBatch, toJsonl, workFolder } from '../support/batch.js';
import { parseResults, type CliRun } from '../support/run-cli.js';

const folder = workFolder();
const out = join(folder, 'out');
const manifest = join(folder, 'manifest.jsonl');

interface BadRow {
  name: string;
  line: string | object;
  code: ErrorCode;
  message: RegExp;
}
const bad = (name: string, line: string | object, code: ErrorCode, message: RegExp): BadRow => ({
  name,
  line: typeof line === 'string' ? line : { id: name, ...line },
  code,
  message,
});

const cut = bad('a PNG cut short', { ...quick, image: 'cut.png' }, 'IMAGE_UNDECODABLE', /damaged, truncated/);
const badRows = [
  bad('a missing file', { ...quick, image: 'none.png' }, 'IMAGE_NOT_FOUND', /no picture at .*none\.png/),
  bad('a folder', { ...quick, image: '.' }, 'IMAGE_UNREADABLE', /is a folder/),
  cut,
  bad('a file of 0 bytes', { ...quick, image: 'empty.png' }, 'IMAGE_UNREADABLE', /an empty file \(0 bytes\)/),
  bad('a text named .png', { ...quick, image: 'text.png' }, 'IMAGE_UNDECODABLE', /not a PNG/),
  bad('a picture of 20 000×20 000', { ...quick, image: 'huge.png' }, 'IMAGE_TOO_LARGE', /20000×20000/),
  bad('a closed port', { ...quick, image: 'http://127.0.0.1:1/a.png' }, 'IMAGE_FETCH_FAILED', /ECONNREFUSED|bad port/),
  bad('latents that are none', { ...quick, latents: 'text.npy' }, 'LATENTS_INVALID', /text\.npy/),
  bad('no prompt', { image: picture('square-64') }, 'ROW_FIELD_MISSING', /prompt/),
  bad('no image', { prompt: 'a' }, 'ROW_FIELD_MISSING', /image/),
  bad('strength 1.5', { ...goodRow, strength: 1.5 }, 'ROW_FIELD_INVALID', /strength .*0 to 1, got 1\.5/),
  bad('steps 0', { ...goodRow, steps: 0 }, 'ROW_FIELD_INVALID', /steps .*from 1 to 1000, got 0/),
  bad(
    'no step to run',
    { ...goodRow, steps: 3, strength: 0.3 },
    'ROW_FIELD_INVALID',
    /got 3 × 0\.3.*steps to 4 or more/,
  ),
  bad(
    'seed 2^53',
    { ...goodRow, seed: 2 ** 53 },
    'ROW_FIELD_INVALID',
    /seed .*2\^53-1\), or -1 .*, got 9007199254740992/,
  ),
  bad(
    'a scheduler nobody knows',
    { ...goodRow, scheduler: 'EulerDiscretScheduler' },
    'ROW_FIELD_INVALID',
    /did you mean EulerDiscreteScheduler/,
  ),
  bad('an output outside', { ...goodRow, output: '../a.png' }, 'ROW_FIELD_INVALID', /inside the output folder/),
  bad('a number as text', { ...goodRow, steps: '2' }, 'ROW_FIELD_INVALID', /without quotes/),
  bad(
    'an id that is taken',
    { ...goodRow, id: 'good' },
    'ROW_DUPLICATE_ID',
    /Duplicate id: expected a unique id, got "good"/,
  ),
  bad('an output that is taken', { ...goodRow, output: 'GOOD.png' }, 'ROW_DUPLICATE_OUTPUT', /GOOD\.png/),
  bad('no JSON', '{"image": ', 'ROW_SYNTAX', /one JSON object/),
  bad('an array', '["square-64.png"]', 'ROW_SYNTAX', /one JSON object/),
  bad('a line of 100 MB', `{"prompt":"${'a'.repeat(100e6)}"}`, 'ROW_SYNTAX', /at most 67108864 bytes, found 100000013/),
];

beforeAll(async () => {
  writeFileSync(join(folder, 'cut.png'), readFileSync(picture('square-64')).subarray(0, 3000));
  writeFileSync(join(folder, 'empty.png'), '');
  writeFileSync(join(folder, 'text.png'), 'This is no picture.');
  writeFileSync(join(folder, 'text.npy'), 'These are no latents.');
  const grey = { raw: { width: 1, height: 1, channels: 1 }, limitInputPixels: false } as const;
  const huge = sharp(Buffer.alloc(1), grey).resize(20_000, 20_000, { kernel: 'nearest' }).toColourspace('b-w');
  await huge.png({ compressionLevel: 1 }).toFile(join(folder, 'huge.png'));
  const first = { ...goodRow, id: 'good', output: 'good.png' };
  const last = { ...goodRow, id: 'last', output: 'last.png' };
  const lines = [first, ...badRows.map(({ line }) => line), last];
  writeFileSync(manifest, lines.map((line) => (typeof line === 'string' ? `${line}\n` : toJsonl([line]))).join(''));
});

describe('a run with bad rows', () => {
  let run: CliRun;
  let results: ResultRecord[];
  beforeAll(async () => {
    run = await runBatch([manifest, '--output-dir', out]);
    results = readResults(out);
  });

  it.each(badRows.map((row, index) => ({ ...row, index })))('$name: $code', ({ code, message, index }) => {
    const { status, error, image_file_name: file, row_number_per_file: row } = results[index + 1]!;
    expect({ row, status, file, code: error?.code }).toEqual({ row: index + 1, status: 'failed', file: null, code });
    expect(error?.message).toMatch(message);
  });

  it('refines the good rows around them', async () => {
    expect(results).toHaveLength(badRows.length + 2);
    expect([results[0], results.at(-1)]).toMatchObject([
      { id: 'good', status: 'ok', image_file_name: 'good.png', error: null },
      { id: 'last', status: 'ok', image_file_name: 'last.png', error: null },
    ]);
    for (const name of ['good.png', 'last.png']) {
      expect(await readPixels(join(out, name))).toMatchObject({ width: 64, height: 64 });
    }
  });

  it('ends with 1 and counts the reasons', () => {
    expect(run.code).toBe(1);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain(`2 of ${results.length} rows refined`);
    expect(run.stderr).toContain(`${badRows.length} failed: `);
    expect(run.stderr).toContain('ROW_FIELD_INVALID 7');
  });
});

it('finds the same rows in a dry run, but for what a header does not show', async () => {
  const dry = join(folder, 'dry');
  const run = await runBatch([manifest, '--output-dir', dry, '--dry-run', '--json', '--quiet']);
  expect(run.code).toBe(1);
  const codes = parseResults(run.stdout).slice(1, -2);
  expect(codes.map(({ error }) => error?.code)).toEqual(badRows.map((row) => (row === cut ? undefined : row.code)));
  expect(existsSync(dry)).toBe(false);
});

it('downloads and opens no model where no row can run', async () => {
  const nowhere = join(folder, 'nowhere');
  const rows = [
    { ...quick, image: 'none.png' },
    { ...quick, image: 'cut.png', steps: 0 },
  ];
  const run = await runBatch(['-', '--output-dir', nowhere, '--model', 'some/model'], {
    cwd: folder,
    input: toJsonl(rows),
    env: { ...process.env, HF_ENDPOINT: 'http://127.0.0.1:9' },
  });
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/^Note: no row can run, so no model is opened\.$/m);
  expect(readResults(nowhere).map(({ model, error }) => [model, error?.code])).toEqual([
    ['some/model', 'IMAGE_NOT_FOUND'],
    ['some/model', 'ROW_FIELD_INVALID'],
  ]);
  const none = await runBatch(['-', '--output-dir', nowhere, '--model', 'some/model', '--shard', '3/3'], {
    cwd: folder,
    input: toJsonl(rows),
  });
  expect([none.code, none.stderr]).toEqual([0, expect.stringMatching(/^This shard has no rows\.\n0 of 0 rows/m)]);
  expect(none.stderr).not.toContain('no row can run');
});
