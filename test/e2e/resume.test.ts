/** --resume and --retry-failed, row by row. */
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResultRecord } from '#src/records/result.js';
import { goldenData } from '../support/golden.js';
import { parseResults, runCli, temporaryFolder, type CliRun } from '../support/run-cli.js';

const folder = temporaryFolder();
const out = join(folder, 'out');
const manifest = join(folder, 'manifest.jsonl');
const settings = { prompt: 'x', strength: 0.5, steps: 2 };
const write = (rows: object[]): void => {
  writeFileSync(manifest, rows.map((row) => JSON.stringify(row)).join('\n'));
};
const run = (...flags: string[]): Promise<CliRun> =>
  runCli(['batch', manifest, '--model', goldenData('models/small-refiner'), '--output-dir', out, ...flags]);
const results = (): ResultRecord[] => parseResults(readFileSync(join(out, 'results.jsonl'), 'utf8'));
const marks = (...names: string[]): number[] => names.map((name) => statSync(join(out, name)).mtimeMs);

beforeAll(async () => {
  for (const name of ['a', 'b', 'c']) copyFileSync(goldenData('images/square-64.png'), join(folder, `${name}.png`));
  write([
    { image: 'a.png', ...settings },
    { image: 'b.png', ...settings },
    { image: 'missing.png', ...settings },
    { image: 'c.png', ...settings, id: 'c' },
  ]);
  expect((await run()).code).toBe(1);
});

it('refines only rows that are new, changed or without their output, in the order of the rows', async () => {
  const before = results();
  const [a, b] = marks('a.png', 'b.png');
  rmSync(join(out, 'c.png'));
  write([
    { image: 'c.png', ...settings, output: 'new.png' },
    { image: 'a.png', ...settings, id: 'renamed' },
    { image: 'b.png', ...settings, steps: 4 },
    { image: 'missing.png', ...settings },
    { image: 'c.png', ...settings, output: 'c.png' },
  ]);
  const { code, stderr } = await run('--resume');
  expect(code).toBe(1);
  expect(stderr).toContain('3 refined, 1 already done (5 rows) in');
  const after = results();
  expect(after.map(({ image_file_name: name, id }) => [name, id])).toEqual([
    ['new.png', null],
    ['a.png', 'renamed'],
    ['b.png', null],
    [null, null],
    ['c.png', null],
  ]);
  expect(marks('a.png')).toEqual([a]);
  expect(marks('b.png')).not.toEqual([b]);
  /* A seed drawn for the first run is the folder's: resumed rows would differ otherwise. */
  expect(new Set(after.map(({ seed }) => seed))).toEqual(new Set([before[0]!.seed]));
  expect(after[1]!.duration_ms).toBe(before[0]!.duration_ms);
});

it('tries failed rows again only when told to', async () => {
  writeFileSync(join(folder, 'missing.png'), 'not a picture');
  await run('--resume');
  expect(results()[3]!.error!.code).toBe('IMAGE_UNDECODABLE');
  const { stderr } = await run('--resume');
  expect(stderr).toContain('0 refined, 4 already done (5 rows) in');
  expect(stderr).toContain('1 that failed in an earlier run was not tried again');
  expect((await run('--retry-failed')).stderr).toContain('0 refined, 4 already done (5 rows) in');
  copyFileSync(goldenData('images/square-64.png'), join(folder, 'missing.png'));
  expect((await run('--resume')).code).toBe(0);
  expect(results().map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
});

it('keeps the results of rows that --limit leaves out', async () => {
  const names = results().map(({ image_file_name: name }) => name);
  expect((await run('--resume', '--limit', '2')).code).toBe(0);
  expect(results().map(({ image_file_name: name }) => name)).toEqual(names);
});

it('refuses --resume with --overwrite', async () => {
  const { code, stderr } = await run('--resume', '--overwrite');
  expect(code).toBe(2);
  expect(stderr).toContain('[USAGE_CONFLICT]');
});
