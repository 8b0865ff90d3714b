/** What --resume finds in place of finished outputs: only what is as it was written is taken over, and one row's obstacle is its own. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { shardOf } from '#src/run/batch/shard.js';
import { model, picture, quick, readResults, workFolder, writeRows } from '../support/batch.js';
import { runCli, type CliRun } from '../support/run-cli.js';

const folder = workFolder();
const NAMES = ['empty', 'short', 'half', 'longer', 'gone', 'link', 'folder', 'whole'];
writeRows(
  join(folder, 'm.jsonl'),
  NAMES.map((name) => ({ image: picture('square-64'), ...quick, output: `${name}.png` })),
);
const batch = (...args: string[]): Promise<CliRun> =>
  runCli(['batch', 'm.jsonl', '--model', model, ...args], { cwd: folder });
const at = (out: string, name: string): string => join(folder, out, `${name}.png`);
const copyOf = (name: string): string => {
  cpSync(join(folder, 'whole'), join(folder, name), { recursive: true, preserveTimestamps: true });
  return name;
};
const harm = (out: string): void => {
  truncateSync(at(out, 'empty'), 0);
  truncateSync(at(out, 'short'), statSync(at(out, 'short')).size - 1);
  truncateSync(at(out, 'half'), Math.floor(statSync(at(out, 'half')).size / 2));
  appendFileSync(at(out, 'longer'), 'x');
  rmSync(at(out, 'gone'));
  renameSync(at(out, 'link'), join(folder, `${out}-linked.png`));
  symlinkSync(join(folder, `${out}-linked.png`), at(out, 'link'));
  rmSync(at(out, 'folder'));
  mkdirSync(join(at(out, 'folder'), 'mine'), { recursive: true });
};
/** Lines as a version before wrote them. */
const forgetSizes = (out: string): void => {
  const lines = readResults(join(folder, out)).map(({ output_bytes: _bytes, output_sha256: _sha256, ...row }) => row);
  writeRows(join(folder, out, 'results.jsonl'), lines);
};

beforeAll(async () => {
  expect((await batch('--output-dir', 'whole')).code).toBe(0);
});

it('a line says what was written', () => {
  for (const row of readResults(join(folder, 'whole'))) {
    expect(row.output_bytes).toBe(statSync(join(folder, 'whole', row.image_file_name!)).size);
    expect(row.output_sha256).toMatch(/^[0-9a-f]{64}$/);
  }
});

it.each([
  ['--resume', false],
  ['--append', false],
  ['--resume', true],
])('%s refines a row again if its output file changed (lines without sizes: %s)', async (flag, isOld) => {
  const out = copyOf(`harmed ${flag} ${isOld}`);
  if (isOld) forgetSizes(out);
  harm(out);
  const linked = readFileSync(join(folder, `${out}-linked.png`));
  const mark = statSync(at(out, 'whole')).mtimeMs;
  const run = await batch('--output-dir', out, flag);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('6 refined, 1 already done');
  expect(run.stderr).toContain('Note: empty.png is empty; its row is redone');
  expect(run.stderr).toMatch(/failed, OUTPUT_OBSTRUCTED: .* folder\.png .*it is a folder/);
  expect(
    readResults(join(folder, out))
      .map((row) => row.error?.code ?? row.status)
      .sort(),
  ).toEqual(['OUTPUT_OBSTRUCTED', ...NAMES.slice(1).map(() => 'ok')].sort());
  for (const name of NAMES.filter((one) => one !== 'folder')) {
    expect(lstatSync(at(out, name)).isFile()).toBe(true);
    expect(readFileSync(at(out, name)).equals(readFileSync(at('whole', name)))).toBe(true);
  }
  expect(statSync(at(out, 'whole')).mtimeMs).toBe(mark);
  expect(readFileSync(join(folder, `${out}-linked.png`)).equals(linked)).toBe(true);
  expect(existsSync(join(at(out, 'folder'), 'mine'))).toBe(true);
  const again = await batch('--output-dir', out, flag);
  expect([again.code, again.stderr.includes('0 refined, 7 already done')]).toEqual([1, true]);
  expect(existsSync(join(at(out, 'folder'), 'mine'))).toBe(true);
  /* Once it is out of the way, the row is done without being told to try failures again. */
  rmSync(at(out, 'folder'), { recursive: true });
  const last = await batch('--output-dir', out, flag);
  expect([last.code, last.stderr.includes('1 refined, 7 already done')]).toEqual([0, true]);
});

it('--verify finds other bytes of the same length', async () => {
  const out = copyOf('other bytes');
  const bytes = readFileSync(at(out, 'half'));
  bytes[bytes.length - 20]! ^= 1;
  writeFileSync(at(out, 'half'), bytes);
  expect((await batch('--output-dir', out, '--resume')).stderr).toContain('0 refined, 8 already done');
  const run = await batch('--output-dir', out, '--resume', '--verify');
  expect(run.stderr).toContain('half.png has a different SHA-256 than the results list; its row is redone');
  expect(run.stderr).toContain('1 refined, 7 already done');
  expect(readFileSync(at(out, 'half')).equals(readFileSync(at('whole', 'half')))).toBe(true);
  expect(await batch('--output-dir', out, '--verify')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('[USAGE_CONFLICT]') as string,
  });
});

it('a shard checks its output files too', async () => {
  /* Rows of one picture are one machine's. */
  const part = `${shardOf(picture('square-64'), 4) + 1}/4`;
  expect((await batch('--output-dir', 'parts', '--shard', part)).code).toBe(0);
  truncateSync(at('parts', 'empty'), 40);
  const run = await batch('--output-dir', 'parts', '--shard', part, '--resume');
  expect(run.stderr).toContain('1 refined, 7 already done');
  expect(readFileSync(at('parts', 'empty')).equals(readFileSync(at('whole', 'empty')))).toBe(true);
});

it('an obstacle fails its row in a run that begins anew, and in a dry run', async () => {
  mkdirSync(at('anew', 'gone'), { recursive: true });
  const args = ['--output-dir', 'anew', '--overwrite', '--limit', '6'];
  for (const more of [['--dry-run'], []]) {
    const run = await batch(...args, ...more);
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/failed, OUTPUT_OBSTRUCTED: .* gone\.png /);
    expect(run.stderr).toContain('1 failed: OUTPUT_OBSTRUCTED 1');
  }
  expect(readResults(join(folder, 'anew')).filter(({ status }) => status === 'ok')).toHaveLength(5);
});
