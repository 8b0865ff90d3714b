/** Where pictures go: nothing is overwritten unasked, what cannot be written is refused before any work. */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getuid } from 'node:process';
import {
  goodRow,
  listOutput,
  picture,
  quick,
  readPixels,
  readResults,
  runBatch,
  toJsonl,
  workFolder,
  writeRows,
} from '../support/batch.js';
import { itOnLinux } from '../support/it-on-linux.js';

const folder = workFolder();
const manifest = writeRows(join(folder, 'manifest.jsonl'), [goodRow, { ...goodRow, output: 'second.png' }]);

describe('an output that exists already', () => {
  const out = join(folder, 'existing');
  const files = { 'second.png': 'my picture', 'results.jsonl': 'my results' };
  beforeAll(() => {
    mkdirSync(out);
    writeFileSync(join(out, 'second.png'), files['second.png']);
  });

  it('stops the run before any work', async () => {
    const run = await runBatch([manifest, '--output-dir', out, '--json']);
    expect(run.code).toBe(6);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: 'OUTPUT_EXISTS', exit_code: 6 } });
    expect(run.stderr).toMatch(/found second\.png in .*--overwrite.*\[OUTPUT_EXISTS\]\n$/);
    expect(run.stderr).not.toContain('Loaded');
    expect(readdirSync(out)).toEqual(['second.png']);
  });

  it('so does an earlier run’s results.jsonl', async () => {
    writeFileSync(join(out, 'results.jsonl'), files['results.jsonl']);
    const run = await runBatch([manifest, '--output-dir', out]);
    expect(run.code).toBe(6);
    expect(run.stderr).toMatch(/found results\.jsonl, second\.png in /);
    expect(readdirSync(out).sort()).toEqual(['results.jsonl', 'second.png']);
    for (const [name, text] of Object.entries(files)) expect(readFileSync(join(out, name), 'utf8')).toBe(text);
  });

  it('is kept when the model does not open, even with --overwrite', async () => {
    const run = await runBatch([manifest, '--output-dir', out, '--overwrite', '--model', join(folder, 'none')]);
    expect(run.code).toBe(4);
    for (const [name, text] of Object.entries(files)) expect(readFileSync(join(out, name), 'utf8')).toBe(text);
  });

  it('is replaced with --overwrite', async () => {
    const run = await runBatch([manifest, '--output-dir', out, '--overwrite', '--quiet']);
    expect(run).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(readResults(out).map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect(await readPixels(join(out, 'second.png'))).toEqual(await readPixels(join(out, 'square-64.png')));
    expect(listOutput(out)).toEqual(['results.jsonl', 'second.png', 'square-64.png']);
  });
});

describe('an output folder that cannot be written', () => {
  const refused = async (out: string, uid?: number): Promise<void> => {
    const run = await runBatch(['-', '--output-dir', out], {
      input: toJsonl([goodRow]),
      ...(uid === undefined ? {} : { uid }),
    });
    expect(run).toMatchObject({ code: 6, stdout: '' });
    expect(run.stderr).toMatch(/Cannot write to the output folder .*: .*--output-dir.*\[OUTPUT_UNWRITABLE\]\n$/);
    expect(run.stderr).not.toContain('Loaded');
  };

  it('because a file is in its place', async () => {
    await refused(manifest);
  });

  it('because a part of its path is a file', async () => {
    await refused(join(manifest, 'inner/out'));
  });

  itOnLinux('because it may not be written to', async () => {
    const out = join(folder, 'forbidden');
    mkdirSync(out);
    chmodSync(folder, 0o755);
    chmodSync(out, 0o555);
    /* The superuser may write anywhere, so somebody else runs the command for him. */
    await refused(out, getuid?.() === 0 ? 65_534 : undefined);
    expect(readdirSync(out)).toEqual([]);
  });
});

it('an output that a file obstructs fails its row, and the other rows go on', async () => {
  const out = join(folder, 'blocked');
  mkdirSync(out);
  writeFileSync(join(out, 'file'), '');
  const rows = [goodRow, { ...goodRow, output: 'file/inner.png' }, goodRow];
  const run = await runBatch([writeRows(join(folder, 'blocked.jsonl'), rows), '--output-dir', out]);
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/file\/inner\.png .*file is not a folder/);
  expect(readResults(out).map(({ image_file_name: name }) => name)).toEqual(['square-64.png', null, 'square-64-2.png']);
  expect(await readPixels(join(out, 'square-64.png'))).toMatchObject({ width: 64, height: 64 });
});

it('names outputs after rows and pictures, in folders where a row says so', async () => {
  const out = join(folder, 'deep/er/out');
  const inline = `data:image/png;base64,${readFileSync(picture('square-64')).toString('base64')}`;
  const rows = [
    { ...goodRow, output: 'a/b c/ö.png' },
    goodRow,
    goodRow,
    { ...quick, image: inline },
    { ...goodRow, output: 'square-64-2' },
    { ...goodRow, output: `${'n'.repeat(251)}.png` },
  ];
  const run = await runBatch([writeRows(join(folder, 'names.jsonl'), rows), '--output-dir', out, '--quiet']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const names = [
    'a/b c/ö.png',
    'square-64.png',
    'square-64-3.png',
    'row-000003.png',
    'square-64-2.png',
    `${'n'.repeat(251)}.png`,
  ];
  expect(readResults(out).map(({ image_file_name: name }) => name)).toEqual(names);
  const [first, ...others] = await Promise.all(names.map((name) => readPixels(join(out, name))));
  for (const other of others) expect(other).toEqual(first);
  expect(existsSync(join(out, 'a/b c'))).toBe(true);
  expect(listOutput(out)).toHaveLength(7);
});
