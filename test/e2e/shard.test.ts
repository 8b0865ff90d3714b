/** Parts of one run, side by side in one output folder. */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shardOf } from '#src/run/batch/shard.js';
import { goldenData } from '../support/golden.js';
import { parseResults, runCli, temporaryFolder } from '../support/run-cli.js';
import { goodRow, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';

it('shards that run at the same time refine every row once', async () => {
  const folder = temporaryFolder();
  const out = join(folder, 'out');
  const names = ['square-64', 'wide-96x64', 'tall-64x112', 'odd-75x53', 'square-128'];
  const rows = names.map((name) => ({
    image: goldenData('images', `${name}.png`),
    prompt: 'x',
    strength: 0.5,
    steps: 2,
  }));
  const manifest = join(folder, 'm.jsonl');
  writeFileSync(manifest, rows.map((row) => JSON.stringify(row)).join('\n'));
  const part = (index: number, ...flags: string[]) =>
    runCli([
      'batch',
      manifest,
      '--model',
      goldenData('models/small-refiner'),
      '--output-dir',
      out,
      '--shard',
      `${index}/2`,
      ...flags,
    ]);
  const [first, second] = await Promise.all([part(1), part(2)]);
  expect([first.code, second.code]).toEqual([0, 0]);
  const results = [1, 2].map((index) => parseResults(readFileSync(join(out, `results-${index}-of-2.jsonl`), 'utf8')));
  expect(
    results
      .flat()
      .map(({ image_file_name: name }) => name)
      .sort(),
  ).toEqual(names.map((name) => `${name}.png`).sort());
  expect(readdirSync(out).filter((name) => name.endsWith('.png')).length).toBe(names.length);
  expect((await part(1)).code).toBe(6);

  const merged = await runCli(['merge', out, '--rows', '5', '--predictions-csv', join(folder, 'p.csv')]);
  expect([merged.code, merged.stdout]).toEqual([0, `${join(out, 'results.jsonl')}\n`]);
  expect(merged.stderr).toBe('5 rows of 2 files: 5 ok\n');
  expect(readResults(out).map(({ image_file_name: name }) => name)).toEqual(names.map((name) => `${name}.png`));
  expect(readFileSync(join(folder, 'p.csv'), 'utf8')).toContain('4,square-128.png,,m.jsonl\n');
  /* A shard that went on would leave the merged results behind. */
  for (const flag of ['--resume', '--append']) {
    const behind = await part(1, flag);
    expect([behind.code, behind.stderr]).toEqual([
      6,
      expect.stringMatching(/found one in .*Remove it, and merge again/),
    ]);
  }
  const again = await runCli(['merge', out]);
  expect([again.code, again.stderr]).toEqual([6, expect.stringContaining('[OUTPUT_EXISTS]')]);
  const alone = join(folder, 'alone');
  mkdirSync(alone);
  copyFileSync(join(out, 'results.jsonl'), join(alone, 'results.jsonl'));
  const whole = await runCli(['merge', alone]);
  expect([whole.code, whole.stderr]).toEqual([6, expect.stringContaining('there are no parts to merge')]);
  const lacking = await runCli(['merge', join(out, 'results-1-of-2.jsonl'), '--overwrite', '--json']);
  expect(lacking.code).toBe(3);
  expect(JSON.parse(lacking.stdout)).toMatchObject({ error: { code: 'MERGE_HOLES' } });
  const parts = join(out, 'results-*.jsonl');
  const csv = await runCli([
    'merge',
    parts,
    '-o',
    join(folder, 'm2.jsonl'),
    '--predictions-csv',
    join(folder, 'p.csv'),
  ]);
  expect([csv.code, csv.stderr]).toEqual([
    6,
    expect.stringContaining('Give --overwrite, or another --predictions-csv.'),
  ]);
  const own = await runCli(['merge', join(out, '*.jsonl'), '--overwrite']);
  expect([own.code, own.stderr]).toEqual([6, expect.stringContaining('is one of the results')]);
  /* A run without --shard went on with the merged results: they are newer than the parts. */
  const model = goldenData('models/small-refiner');
  expect((await runCli(['batch', manifest, '--model', model, '--output-dir', out, '--resume'])).code).toBe(0);
  const older = await runCli(['merge', out, '--overwrite']);
  expect([older.code, older.stderr]).toEqual([6, expect.stringMatching(/newer than the parts.*\[OUTPUT_OTHER_RUN\]/s)]);
});

it('a row whose picture moved, and so its shard, is in one shard’s results after both have gone on', async () => {
  const folder = temporaryFolder();
  const names = Array.from('abcdefgh', (name) => `${name}.png`);
  for (const name of names) copyFileSync(goldenData('images/square-64.png'), join(folder, name));
  const [first = '', spare = ''] = names.filter((name) => shardOf(name, 2) === 0);
  const [second = '', moved = ''] = names.filter((name) => shardOf(name, 2) === 1);
  const manifest = join(folder, 'm.jsonl');
  const out = join(folder, 'out');
  const rowsTo = (...images: string[]) =>
    writeRows(
      manifest,
      images.map((image, row) => ({ ...goodRow, image, output: `${row}.png` })),
    );
  const part = (index: number) => runBatch([manifest, '-o', out, '--shard', `${index}/2`, '--resume']);
  rowsTo(first, spare, second);
  for (const index of [1, 2]) await part(index);
  rowsTo(first, moved, second);
  const waits = await part(1);
  expect([waits.code, waits.stderr]).toEqual([0, expect.stringContaining('lines of 1 file stay until other shards')]);
  expect((await part(2)).code).toBe(0);
  const behind = await runCli(['merge', out]);
  expect([behind.code, behind.stderr]).toEqual([3, expect.stringContaining('run all shards again with --resume')]);
  const leaves = await part(1);
  expect([leaves.code, leaves.stderr]).toEqual([0, expect.stringContaining('lines of 1 file were removed')]);
  const merged = await runCli(['merge', out]);
  expect([merged.code, merged.stderr]).toEqual([0, '3 rows of 2 files: 3 ok\n']);
  expect(readResults(out).map(({ image }) => image)).toEqual([first, moved, second]);
});

describe('--shard auto', () => {
  const folder = workFolder();
  const manifest = writeRows(join(folder, 'm.jsonl'), [goodRow]);
  const run = (shard: string, variables: Record<string, string>) =>
    runBatch([manifest, '-o', join(folder, 'auto'), '--dry-run', '--shard', shard], {
      env: { ...process.env, ...variables },
    });

  it('says which task of which scheduler it is', async () => {
    const { code, stderr } = await run('auto/3', { JOB_COMPLETION_INDEX: '2' });
    expect(code).toBe(0);
    expect(stderr).toContain('Shard 3 of 3 (Kubernetes Indexed Job: JOB_COMPLETION_INDEX=2)\n');
  });

  it('refuses to guess', async () => {
    const { code, stderr } = await run('auto', { JOB_COMPLETION_INDEX: '2' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/Give it with the option: --shard auto\/8.*\[SHARD_UNDETERMINED\]/s);
  });
});
