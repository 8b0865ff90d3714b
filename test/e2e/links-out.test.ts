/** Links in the output folder do not lead out of it, and the folder itself may be one. */
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { goodRow, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { itOnLinux } from '../support/it-on-linux.js';
import type { CliRun } from '../support/run-cli.js';

const folder = workFolder();
let count = 0;
const place = (
  ...outputs: string[]
): { out: string; elsewhere: string; run: (...flags: string[]) => Promise<CliRun> } => {
  const cwd = join(folder, String(count++));
  const [out, elsewhere] = [join(cwd, 'o'), join(cwd, 'elsewhere')];
  for (const path of [cwd, out, elsewhere]) mkdirSync(path);
  writeRows(
    join(cwd, 'm.jsonl'),
    outputs.map((output) => ({ ...goodRow, output })),
  );
  return { out, elsewhere, run: (...flags) => runBatch(['m.jsonl', '--output-dir', 'o', ...flags], { cwd }) };
};
const expectRefused = (run: CliRun, what: RegExp): void => {
  expect(run).toMatchObject({ code: 6, stdout: '' });
  expect(run.stderr).toMatch(what);
  expect(run.stderr).not.toContain('Loaded');
};

it.each([[[]], [['--overwrite']], [['--resume']], [['--append']]])(
  'a folder of outputs that is a link is refused before work: %j',
  async (flags) => {
    const { out, elsewhere, run } = place('a.png', 'sub/deep/b.png');
    symlinkSync(elsewhere, join(out, 'sub'));
    expectRefused(await run(...flags), /sub to be no symbolic link: outputs .*\[OUTPUT_UNWRITABLE\]\n$/s);
    expect(readdirSync(elsewhere)).toEqual([]);
  },
);

it('an output that is a link is there already, wherever it leads, and --overwrite replaces the link alone', async () => {
  const { out, elsewhere, run } = place('a.png', 'b.png');
  writeFileSync(join(elsewhere, 'a.png'), 'mine');
  symlinkSync(join(elsewhere, 'a.png'), join(out, 'a.png'));
  symlinkSync(join(elsewhere, 'none.png'), join(out, 'b.png'));
  expectRefused(await run(), /found a\.png, b\.png in .*\[OUTPUT_EXISTS\]/s);
  expectRefused(await run('--resume'), /found a\.png, b\.png in .*, which the results do not list.*\[OUTPUT_EXISTS\]/s);
  expect((await run('--overwrite')).code).toBe(0);
  expect(['a.png', 'b.png'].map((name) => lstatSync(join(out, name)).isSymbolicLink())).toEqual([false, false]);
  expect(readdirSync(elsewhere)).toEqual(['a.png']);
  expect(readFileSync(join(elsewhere, 'a.png'), 'utf8')).toBe('mine');
});

describe('results.jsonl', () => {
  it.each(['there.jsonl', 'none.jsonl'])('that is a link to %s is refused, whatever the options', async (name) => {
    const { out, elsewhere, run } = place('a.png');
    writeFileSync(join(elsewhere, 'there.jsonl'), 'mine\n');
    symlinkSync(join(elsewhere, name), join(out, 'results.jsonl'));
    for (const flags of [[], ['--resume'], ['--append'], ['--overwrite']]) {
      expectRefused(await run(...flags), /results\.jsonl to be no symbolic link.*\[OUTPUT_UNWRITABLE\]/s);
    }
    expect(readdirSync(elsewhere)).toEqual(['there.jsonl']);
    expect(readFileSync(join(elsewhere, 'there.jsonl'), 'utf8')).toBe('mine\n');
  });

  it('that has another name is not written to under that', async () => {
    const { out, elsewhere, run } = place('a.png');
    await run();
    linkSync(join(out, 'results.jsonl'), join(elsewhere, 'backup.jsonl'));
    const before = readFileSync(join(elsewhere, 'backup.jsonl'), 'utf8');
    rmSync(join(out, 'a.png'));
    expect((await run('--resume')).stderr).toContain('1 of 1 row refined in');
    expect(readFileSync(join(elsewhere, 'backup.jsonl'), 'utf8')).toBe(before);
    expect(readResults(out)).toHaveLength(1);
  });
});

itOnLinux('a lock that is a link to nowhere is told of, and nothing is made there', async () => {
  const { out, elsewhere, run } = place('a.png');
  symlinkSync(join(elsewhere, 'lock'), join(out, '.sdxl-refine.lock'));
  expectRefused(await run(), /lock .*it is a broken symbolic link.*\[OUTPUT_UNWRITABLE\]/s);
  expect(readdirSync(elsewhere)).toEqual([]);
});

it('the output folder itself may be a link', async () => {
  const { out, elsewhere, run } = place('sub/a.png');
  renameSync(out, join(elsewhere, 'real'));
  symlinkSync(join(elsewhere, 'real'), out);
  expect((await run()).code).toBe(0);
  expect(existsSync(join(elsewhere, 'real/sub/a.png'))).toBe(true);
  expect((await run('--resume')).stderr).toContain('0 refined, 1 already done (1 row) in');
});
