/** A folder whose own notes (of the run, the lock) are damaged, foreign or gone: what is finished stays. */
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { model, picture, quick, readResults, workFolder, writeRows } from '../support/batch.js';
import { runCli, type CliRun } from '../support/run-cli.js';

const folder = workFolder();
const { seed: _seed, ...withoutSeed } = quick;
const NAMES = ['a', 'b'];
writeRows(
  join(folder, 'm.jsonl'),
  NAMES.map((name) => ({ image: picture('square-64'), ...withoutSeed, output: `${name}.png` })),
);
writeRows(join(folder, 'n.jsonl'), [{ image: picture('square-64'), ...quick, output: 'c.png' }]);
const batch = (...args: string[]): Promise<CliRun> => runCli(['batch', '--model', model, ...args], { cwd: folder });
const marks = (out: string): number[] => NAMES.map((name) => statSync(join(folder, out, `${name}.png`)).mtimeMs);
const note = (out: string): string => join(folder, out, '.sdxl-refine-run.json');
const copyOf = (name: string, from = 'whole'): string => {
  cpSync(join(folder, from), join(folder, name), { recursive: true, preserveTimestamps: true });
  return name;
};

beforeAll(async () => {
  expect((await batch('m.jsonl', '--output-dir', 'whole')).code).toBe(0);
  copyOf('appended');
  expect((await batch('n.jsonl', '--output-dir', 'appended', '--append')).code).toBe(0);
});

it.each([
  ['gone', null],
  ['empty', ''],
  ['foreign', '[1,2]'],
  ['of other types', '{"seed":"7","inputs":5,"base":-1,"isFinished":"yes"}'],
])('a note of the run that is %s costs no picture, also where rows bring no seed', async (what, text) => {
  const out = copyOf(`note ${what}`);
  if (text === null) rmSync(note(out));
  else writeFileSync(note(out), text);
  const before = marks(out);
  const run = await batch('m.jsonl', '--output-dir', out, '--resume');
  expect([run.code, run.stderr.includes('0 refined, 2 already done')]).toEqual([0, true]);
  expect(run.stderr.includes('expected the state of a run')).toBe(text !== null);
  expect(marks(out)).toEqual(before);
});

it('a note that says where no line begins loses no line', async () => {
  const lines = readFileSync(join(folder, 'appended/results.jsonl'), 'utf8');
  for (const base of [1, 300, lines.indexOf('\n'), lines.length - 1, lines.length + 5]) {
    const out = copyOf(`base ${base}`, 'appended');
    const state = JSON.parse(readFileSync(note(out), 'utf8')) as object;
    writeFileSync(note(out), JSON.stringify({ ...state, base, isFinished: false }));
    const run = await batch('n.jsonl', '--output-dir', out, '--append');
    expect(run.code).toBe(0);
    expect(readResults(join(folder, out)).map((row) => row.image_file_name)).toEqual(['a.png', 'b.png', 'c.png']);
  }
});

it.each(['', 'null', '[]', '{"pid":-1,"host":"h","started":"s"}', 'mine'])(
  'a lock that says %j is taken over, and said so',
  async (text) => {
    const out = copyOf(`lock ${text.length}`);
    writeFileSync(join(folder, out, '.sdxl-refine.lock'), text);
    const run = await batch('m.jsonl', '--output-dir', out, '--resume');
    expect([run.code, run.stderr.includes('(an unreadable lock)')]).toEqual([0, true]);
  },
);

it('folders in the place of either end the run with 6, and nothing else is touched', async () => {
  for (const name of ['.sdxl-refine-run.json', '.sdxl-refine.lock']) {
    const out = copyOf(`folder ${name}`);
    rmSync(join(folder, out, name), { force: true });
    mkdirSync(join(folder, out, name));
    const before = marks(out);
    const run = await batch('m.jsonl', '--output-dir', out, '--resume');
    expect(run.code).toBe(6);
    expect(run.stderr).toContain('[OUTPUT_UNWRITABLE]');
    expect(marks(out)).toEqual(before);
  }
});
