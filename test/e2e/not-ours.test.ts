/** What the folder's runs did not write is not replaced; what they wrote, and a kill kept from the results, is. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  finishedRows,
  goodRow,
  listOutput,
  readResults,
  runBatch,
  slowRow,
  startBatch,
  workFolder,
  writeRows,
} from '../support/batch.js';
import { withLatePicture } from '../support/late-picture.js';
import { waitFor } from '../support/processes.js';
import type { CliRun } from '../support/run-cli.js';

const folder = workFolder();
let count = 0;
/** Rows that write `a.png` and so on, and an output folder of their own. */
const place = (
  names: string,
): { cwd: string; out: string; rows: object[]; run: (...flags: string[]) => Promise<CliRun> } => {
  const cwd = join(folder, String(count++));
  mkdirSync(cwd);
  const rows = Array.from(names, (name) => ({ ...goodRow, output: `${name}.png` }));
  writeRows(join(cwd, 'm.jsonl'), rows);
  const run = (...flags: string[]): Promise<CliRun> => runBatch(['m.jsonl', '--output-dir', 'out', ...flags], { cwd });
  return { cwd, out: join(cwd, 'out'), rows, run };
};
const told = (out: string): unknown[] =>
  readResults(out).map(({ image_file_name: name, error }) => name ?? error?.code);
/** Loses the end of the results, as a kill or a disk may. */
const loseLine = (out: string): void => {
  const path = join(out, 'results.jsonl');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  writeFileSync(
    path,
    lines
      .slice(0, -1)
      .map((line) => `${line}\n`)
      .join('') + '{"row_num',
  );
};

it('--resume replaces no file that its results do not list, and goes on once it is away', async () => {
  const { cwd, out, rows, run } = place('ab');
  expect((await run()).code).toBe(0);
  writeRows(join(cwd, 'm.jsonl'), [...rows, { ...goodRow, output: 'c.png' }]);
  writeFileSync(join(out, 'c.png'), 'mine');
  const { code, stderr } = await run('--resume');
  expect(code).toBe(6);
  expect(stderr).toMatch(/found c\.png in .*, which the results do not list.*--resume.*Move it.*\[OUTPUT_EXISTS\]\n$/s);
  expect(stderr).not.toContain('Loaded');
  expect(readFileSync(join(out, 'c.png'), 'utf8')).toBe('mine');
  rmSync(join(out, 'c.png'));
  expect((await run('--resume')).stderr).toContain('1 refined, 2 already done (3 rows) in');
});

it('--resume of a folder without results replaces nothing', async () => {
  const { out, run } = place('a');
  mkdirSync(out);
  writeFileSync(join(out, 'a.png'), 'mine');
  const { code, stderr } = await run('--resume');
  expect([code, stderr]).toEqual([6, expect.stringContaining('[OUTPUT_EXISTS]')]);
  expect(readFileSync(join(out, 'a.png'), 'utf8')).toBe('mine');
});

it('a picture whose line was lost is known by its name and bytes', async () => {
  const { out, run } = place('ab');
  await run();
  loseLine(out);
  const { code, stderr } = await run('--resume');
  expect([code, stderr]).toEqual([0, expect.stringContaining('1 refined, 1 already done (2 rows) in')]);
  loseLine(out);
  writeFileSync(join(out, 'b.png'), 'mine');
  expect((await run('--resume')).code).toBe(6);
  expect(readFileSync(join(out, 'b.png'), 'utf8')).toBe('mine');
  expect(listOutput(out)).toEqual(['a.png', 'b.png', 'results.jsonl']);
});

it('a killed --overwrite goes on with what it was told to replace, and with nothing that came later', async () => {
  const { cwd, out, rows, run } = place('abc');
  await run();
  const old = statSync(join(out, 'b.png')).ino;
  writeRows(join(cwd, 'm.jsonl'), [rows[0]!, { ...slowRow, output: 'slow.png' }, ...rows.slice(1)]);
  const killed = startBatch(['m.jsonl', '--output-dir', 'out', '--overwrite'], { cwd });
  await waitFor('a line', () => finishedRows(out) === 1);
  killed.process.kill('SIGKILL');
  await killed.done;
  writeRows(join(cwd, 'm.jsonl'), rows);
  writeFileSync(join(out, 'c.png'), 'mine');
  const refused = await run('--resume');
  expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('found c.png in')]);
  expect(readFileSync(join(out, 'c.png'), 'utf8')).toBe('mine');
  rmSync(join(out, 'c.png'));
  expect((await run('--resume')).code).toBe(0);
  expect(told(out)).toEqual(['a.png', 'b.png', 'c.png']);
  expect(statSync(join(out, 'b.png')).ino).not.toBe(old);
});

it('a file that appears while the run goes on fails its row and stays', async () => {
  const { cwd, out, rows } = place('abc');
  await withLatePicture(async ({ url, answer }) => {
    writeRows(join(cwd, 'm.jsonl'), [rows[0]!, { ...goodRow, image: url, output: 'late.png' }, ...rows.slice(1)]);
    const run = startBatch(['m.jsonl', '--output-dir', 'out'], { cwd });
    await waitFor('the first picture', () => existsSync(join(out, 'a.png')));
    writeFileSync(join(out, 'b.png'), 'mine');
    await answer();
    const { code, stderr } = await run.done;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/Expected no file at .*b\.png, found one that another program wrote.*is not replaced/),
    ]);
  });
  expect(told(out)).toEqual(['a.png', 'late.png', 'OUTPUT_TAKEN', 'c.png']);
  expect(readFileSync(join(out, 'b.png'), 'utf8')).toBe('mine');
  expect(listOutput(out)).toEqual(['a.png', 'b.png', 'c.png', 'late.png', 'results.jsonl']);
});
