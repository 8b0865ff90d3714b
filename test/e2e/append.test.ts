/** A second run in the same output folder: refused, appended, pruned; killed and run again. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { model, picture, quick, readResults, slowRow, startBatch, workFolder, writeRows } from '../support/batch.js';
import { waitFor } from '../support/processes.js';
import { parseResults, runCli, type CliRun } from '../support/run-cli.js';

const folder = workFolder();
let count = 0;
/** A folder of its own with pictures `a` to `f` and nothing else. */
const place = (): string => {
  const path = join(folder, String(count++));
  mkdirSync(path);
  for (const name of 'abcdef') copyFileSync(picture('square-64'), join(path, `${name}.png`));
  return path;
};
const rowsOf = (names: string, more: object = {}): object[] =>
  Array.from(names, (name) => ({ image: `${name}.png`, ...quick, ...more }));
const batch = (cwd: string, ...args: string[]): Promise<CliRun> =>
  runCli(['batch', '--model', model, '--output-dir', 'out', ...args], { cwd });
const lines = (cwd: string): string => readFileSync(join(cwd, 'out/results.jsonl'), 'utf8');
const told = (cwd: string): unknown[] =>
  readResults(join(cwd, 'out')).map((row) => [row.input_csv_name, row.row_number_per_file, row.image_file_name]);
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const pictures = (cwd: string): string[] =>
  readdirSync(join(cwd, 'out'))
    .filter((name) => name.endsWith('.png'))
    .sort();

describe('--resume with other inputs', () => {
  it('is refused, whatever the outputs are called, and nothing is lost', async () => {
    const cwd = place();
    writeRows(join(cwd, 'one.jsonl'), rowsOf('abc'));
    writeRows(join(cwd, 'two.jsonl'), [{ image: 'd.png', ...quick, output: 'a.png' }, ...rowsOf('bcd')]);
    expect((await batch(cwd, 'one.jsonl')).code).toBe(0);
    const before = lines(cwd);
    const { code, stderr } = await batch(cwd, 'two.jsonl', '--resume');
    expect(code).toBe(6);
    expect(stderr).toMatch(/found results of one\.jsonl .*not among the inputs.*--append.*\[OUTPUT_OTHER_RUN\]/s);
    expect(lines(cwd)).toBe(before);
    expect(pictures(cwd)).toEqual(['a.png', 'b.png', 'c.png']);
    /* The first run's inputs and more: nothing can be lost. */
    writeRows(join(cwd, 'two.jsonl'), rowsOf('def'));
    const both = await batch(cwd, 'one.jsonl', 'two.jsonl', '--resume');
    expect(both.stderr).toContain('3 refined, 3 already done (6 rows) in');
    expect(told(cwd).map((row) => (row as unknown[])[2])).toEqual(Array.from('abcdef', (name) => `${name}.png`));
  });

  it('goes on where the input was moved or renamed, and where rows were added', async () => {
    const cwd = place();
    writeRows(join(cwd, 'one.jsonl'), rowsOf('ab'));
    await batch(cwd, 'one.jsonl');
    renameSync(join(cwd, 'one.jsonl'), join(cwd, 'renamed.jsonl'));
    writeRows(join(cwd, 'renamed.jsonl'), rowsOf('cab'));
    const { code, stderr } = await batch(cwd, 'renamed.jsonl', '--resume');
    expect(code).toBe(0);
    expect(stderr).toContain('1 refined, 2 already done (3 rows) in');
  });

  it('is refused where rows are gone, but for --prune', async () => {
    const cwd = place();
    writeRows(join(cwd, 'one.jsonl'), rowsOf('abc'));
    await batch(cwd, 'one.jsonl');
    writeFileSync(join(cwd, 'out/mine.png'), 'mine');
    const before = lines(cwd);
    writeRows(join(cwd, 'one.jsonl'), rowsOf('a'));
    const { code, stderr } = await batch(cwd, 'one.jsonl', '--resume');
    expect(code).toBe(6);
    expect(stderr).toMatch(/found b\.png, c\.png in .*results\.jsonl, which no row of the inputs writes/);
    expect(lines(cwd)).toBe(before);
    expect(pictures(cwd)).toEqual(['a.png', 'b.png', 'c.png', 'mine.png']);
    const pruned = await batch(cwd, 'one.jsonl', '--resume', '--prune');
    expect(pruned.stderr).toContain('0 refined, 1 already done (1 row) in');
    expect(told(cwd)).toEqual([['one.jsonl', 0, 'a.png']]);
    expect(pictures(cwd)).toEqual(['a.png', 'mine.png']);
  });

  it('--prune removes nothing outside the folder', async () => {
    const cwd = place();
    writeRows(join(cwd, 'one.jsonl'), rowsOf('ab'));
    await batch(cwd, 'one.jsonl');
    mkdirSync(join(cwd, 'else'));
    writeFileSync(join(cwd, 'else/x.png'), 'mine');
    const [line = ''] = lines(cwd).split('\n');
    const names = ['../a.png', join(cwd, 'a.png'), '../else/x.png', 'results.jsonl', '.sdxl-refine.lock'];
    const hostile = names.map((name) =>
      line.replace('"image_file_name":"a.png"', `"image_file_name":${JSON.stringify(name)}`),
    );
    writeFileSync(join(cwd, 'out/results.jsonl'), `${lines(cwd)}${hostile.join('\n')}\n`);
    expect((await batch(cwd, 'one.jsonl', '--resume', '--prune')).code).toBe(0);
    expect([existsSync(join(cwd, 'a.png')), existsSync(join(cwd, 'else/x.png'))]).toEqual([true, true]);
    expect(told(cwd)).toHaveLength(2);
  });

  it('is refused for a run that was divided otherwise', async () => {
    const cwd = place();
    writeRows(join(cwd, 'one.jsonl'), rowsOf('abc'));
    expect((await batch(cwd, 'one.jsonl', '--shard', '1/2')).code).toBe(0);
    const { code, stderr } = await batch(cwd, 'one.jsonl', '--shard', '1/3', '--resume');
    expect(code).toBe(6);
    expect(stderr).toMatch(/found results-1-of-2\.jsonl in .*, from a run with another --shard/);
    expect((await batch(cwd, 'one.jsonl', '--shard', '2/2', '--resume')).code).toBe(0);
  });
});

it('--overwrite says which pictures it leaves, and --prune removes them', async () => {
  const cwd = place();
  writeRows(join(cwd, 'one.jsonl'), rowsOf('abc'));
  await batch(cwd, 'one.jsonl');
  writeRows(join(cwd, 'two.jsonl'), rowsOf('d'));
  const { code, stderr } = await batch(cwd, 'two.jsonl', '--overwrite');
  expect(code).toBe(0);
  expect(stderr).toMatch(/Note: a\.png, b\.png, c\.png of an earlier run stay in .*--prune would remove them/);
  await batch(cwd, 'one.jsonl', '--overwrite', '--prune');
  expect(pictures(cwd)).toEqual(['a.png', 'b.png', 'c.png']);
});

describe('--append', () => {
  it('adds the rows of other inputs, in order, to results and CSV, and leaves what is there as it is', async () => {
    const cwd = place();
    writeRows(join(cwd, 'one.jsonl'), rowsOf('ab'));
    writeRows(join(cwd, 'two.jsonl'), rowsOf('dc'));
    const csv = ['--predictions-csv', 'p.csv'];
    await batch(cwd, 'one.jsonl', ...csv);
    const [before, time] = [lines(cwd), statSync(join(cwd, 'out/a.png')).mtimeMs];
    const { code, stderr } = await batch(cwd, 'two.jsonl', '--append', ...csv);
    expect(code).toBe(0);
    expect(stderr).toContain('2 of 2 rows refined in');
    expect(lines(cwd).startsWith(before)).toBe(true);
    expect(told(cwd)).toEqual([
      ['one.jsonl', 0, 'a.png'],
      ['one.jsonl', 1, 'b.png'],
      ['two.jsonl', 0, 'd.png'],
      ['two.jsonl', 1, 'c.png'],
    ]);
    expect(readFileSync(join(cwd, 'p.csv'), 'utf8')).toBe(
      '0,a.png,,one.jsonl\n1,b.png,,one.jsonl\n0,d.png,,two.jsonl\n1,c.png,,two.jsonl\n',
    );
    expect(statSync(join(cwd, 'out/a.png')).mtimeMs).toBe(time);
    /* Once more: nothing is to be done, and no line is doubled. */
    const again = await batch(cwd, 'two.jsonl', '--append', '--json');
    expect(again.stderr).toContain('0 refined, 2 already done (2 rows) in');
    expect(again.stderr).toContain('p.csv was not updated');
    expect(parseResults(again.stdout)).toHaveLength(3);
    expect(told(cwd)).toHaveLength(4);
  });

  it('of the same inputs refines new rows, and keeps results of rows that they no longer have', async () => {
    const cwd = place();
    writeRows(join(cwd, 'one.jsonl'), [...rowsOf('ab'), { image: 'none.png', ...quick }]);
    expect((await batch(cwd, 'one.jsonl')).code).toBe(1);
    writeRows(join(cwd, 'one.jsonl'), [...rowsOf('bc'), { image: 'none.png', ...quick }]);
    const { stderr } = await batch(cwd, 'one.jsonl', '--append');
    expect(stderr).toContain('1 refined, 1 already done (3 rows) in');
    /* The failed row was tried again, and has one line. */
    expect(told(cwd).map((row) => (row as unknown[])[2])).toEqual(['a.png', 'b.png', 'c.png', null]);
  });

  it('replaces nothing: names of other work are refused before any work', async () => {
    const cwd = place();
    writeRows(join(cwd, 'one.jsonl'), rowsOf('ab'));
    await batch(cwd, 'one.jsonl');
    const before = lines(cwd);
    const time = statSync(join(cwd, 'out/a.png')).mtimeMs;
    writeRows(join(cwd, 'two.jsonl'), [...rowsOf('a', { seed: 9 }), ...rowsOf('c')]);
    const { code, stderr } = await batch(cwd, 'two.jsonl', '--append');
    expect(code).toBe(6);
    expect(stderr).toMatch(/found a\.png in .*, made from other pictures or settings.*\[OUTPUT_EXISTS\]/s);
    writeFileSync(join(cwd, 'out/d.png'), 'mine');
    writeRows(join(cwd, 'three.jsonl'), rowsOf('d'));
    expect((await batch(cwd, 'three.jsonl', '--append')).stderr).toContain('found d.png in');
    expect(readFileSync(join(cwd, 'out/d.png'), 'utf8')).toBe('mine');
    expect(lines(cwd)).toBe(before);
    expect(statSync(join(cwd, 'out/a.png')).mtimeMs).toBe(time);
    /* The refused append is no part of the folder: the first run goes on as before. */
    expect((await batch(cwd, 'one.jsonl', '--resume')).stderr).toContain('0 refined, 2 already done (2 rows) in');
  });

  it('works shard by shard', async () => {
    const cwd = place();
    writeRows(join(cwd, 'one.jsonl'), rowsOf('abc'));
    writeRows(join(cwd, 'two.jsonl'), rowsOf('def'));
    for (const part of ['1/2', '2/2']) await batch(cwd, 'one.jsonl', '--shard', part);
    for (const part of ['1/2', '2/2']) {
      expect((await batch(cwd, 'two.jsonl', '--append', '--shard', part)).code).toBe(0);
    }
    expect(pictures(cwd)).toHaveLength(6);
    const all = [1, 2].flatMap((part) =>
      parseResults(readFileSync(join(cwd, `out/results-${part}-of-2.jsonl`), 'utf8')),
    );
    expect(all.map(({ image_file_name: name }) => name).sort()).toEqual(pictures(cwd));
    /* Results of a whole run beside them would stop every shard. */
    const whole = await batch(cwd, 'two.jsonl', '--append');
    expect([whole.code, whole.stderr]).toEqual([
      6,
      expect.stringMatching(/Expected --append to have the --shard .*\[OUTPUT_OTHER_RUN\]/s),
    ]);
    expect(existsSync(join(cwd, 'out/results.jsonl'))).toBe(false);
  });

  it.each([[['--append']], [['--append', '--resume']]])(
    'killed in the middle, %j ends as if it had not been',
    async (flags) => {
      const cwd = place();
      writeRows(join(cwd, 'one.jsonl'), rowsOf('ab'));
      writeRows(join(cwd, 'two.jsonl'), [...rowsOf('cd'), { ...slowRow, output: 'slow.png' }, ...rowsOf('e')]);
      await batch(cwd, 'one.jsonl');
      const before = lines(cwd);
      const run = startBatch(['two.jsonl', '--output-dir', 'out', '--append'], { cwd });
      await waitFor('two lines of the append', () => lines(cwd).split('\n').length > 4);
      run.process.kill('SIGKILL');
      await run.done;
      /* A picture whose line was not written yet. */
      copyFileSync(picture('square-64'), join(cwd, 'out/e.png'));
      const mark = sha256(`e.png\n${sha256(readFileSync(picture('square-64')))}`).slice(0, 16);
      appendFileSync(join(cwd, 'out/.sdxl-refine-written.txt'), `${mark}\n`);
      const time = statSync(join(cwd, 'out/c.png')).mtimeMs;
      /* The slow row is as slow as it was; here only how the run goes on counts. */
      writeRows(join(cwd, 'two.jsonl'), [
        ...rowsOf('cd'),
        { ...slowRow, ...quick, output: 'slow.png' },
        ...rowsOf('e'),
      ]);
      const { code, stderr } = await batch(cwd, 'two.jsonl', ...flags);
      expect(code).toBe(0);
      expect(stderr).toContain('2 refined, 2 already done (4 rows) in');
      expect(lines(cwd).startsWith(before)).toBe(true);
      expect(told(cwd).slice(2)).toEqual([
        ['two.jsonl', 0, 'c.png'],
        ['two.jsonl', 1, 'd.png'],
        ['two.jsonl', 2, 'slow.png'],
        ['two.jsonl', 3, 'e.png'],
      ]);
      expect(statSync(join(cwd, 'out/c.png')).mtimeMs).toBe(time);
      rmSync(cwd, { recursive: true });
    },
  );

  it.each([['--overwrite'], ['--prune']])('is refused with %s', async (flag) => {
    const { code, stderr } = await batch(place(), 'one.jsonl', '--append', flag);
    expect(code).toBe(2);
    expect(stderr).toContain('[USAGE_CONFLICT]');
  });
});
