/** What a run reads is replaced by nothing that it writes, by whatever name: outputs, the CSV, the page of compare. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { model, picture, quick, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { parseResults, runCli } from '../support/run-cli.js';

const folder = workFolder();
let count = 0;
/** A folder of its own with the pictures `a` and `b`, the text `a.txt`, and a manifest. */
const place = (rows: readonly object[]): string => {
  const cwd = join(folder, String(count++));
  mkdirSync(cwd);
  for (const name of ['a', 'b', 'c']) copyFileSync(picture('square-64'), join(cwd, `${name}.png`));
  writeFileSync(join(cwd, 'a.txt'), 'a prompt');
  writeRows(
    join(cwd, 'm.jsonl'),
    rows.map((row) => ({ ...quick, ...row })),
  );
  return cwd;
};
/** Every file with its bytes, but for those that a run keeps itself. */
const contents = (cwd: string): Map<string, string> =>
  new Map(
    readdirSync(cwd, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(cwd, name)).isFile())
      .map((name) => [name, readFileSync(join(cwd, name), 'latin1')]),
  );
const expectKept = (cwd: string, before: Map<string, string>): void => {
  for (const [name, bytes] of before)
    expect([name, readFileSync(join(cwd, name), 'latin1') === bytes]).toEqual([name, true]);
};
const told = (out: string): unknown[] =>
  readResults(out).map(({ image_file_name: name, error }) => name ?? error?.code);

describe('a row', () => {
  it('that would write over the picture of another fails, and the others go on', async () => {
    const cwd = place([
      { image: 'a.png', output: 'b.png' },
      { image: 'b.png', output: 'a.png' },
      { image: 'a.png', output: 'new.png' },
      /* A row that cannot run has a picture too. */
      { image: 'c.png', strength: 7 },
      { image: 'a.png', output: 'c.png' },
    ]);
    const before = contents(cwd);
    const dry = await runBatch(['m.jsonl', '--output-dir', '.', '--overwrite', '--dry-run', '--json'], { cwd });
    const looked = parseResults(dry.stdout).map(({ image_file_name: name, error }) => error?.code ?? name);
    const run = await runBatch(['m.jsonl', '--output-dir', '.', '--overwrite'], { cwd });
    expect(told(cwd)).toEqual([
      'OUTPUT_IS_INPUT',
      'OUTPUT_IS_INPUT',
      'new.png',
      'ROW_FIELD_INVALID',
      'OUTPUT_IS_INPUT',
    ]);
    expect(looked.slice(0, 5)).toEqual(told(cwd));
    expect([run.code, run.stderr]).toEqual([
      1,
      expect.stringMatching(/replaces no input.*b\.png, a file that this run reads/),
    ]);
    expectKept(cwd, before);
  });

  it('is told by the file, whatever links lead there', async () => {
    const cwd = place([
      { image: 'a.png', output: 'soft.png' },
      { image: 'b.png', output: 'hard.png' },
      { image: 'c.png', output: 'own.png' },
      { image: 'c.png', output: 'manifest.png' },
      { image: 'c.png', output: 'text.png' },
      { image: 'c.png', output: 'model.safetensors' },
      { image: 'c.png', output: 'stranger.png' },
    ]);
    const out = join(cwd, 'o');
    mkdirSync(out);
    cpSync(model, join(cwd, 'model'), { recursive: true });
    symlinkSync('../b.png', join(out, 'soft.png'));
    linkSync(join(cwd, 'a.png'), join(out, 'hard.png'));
    linkSync(join(cwd, 'c.png'), join(out, 'own.png'));
    linkSync(join(cwd, 'm.jsonl'), join(out, 'manifest.png'));
    linkSync(join(cwd, 'a.txt'), join(out, 'text.png'));
    linkSync(join(cwd, 'model/unet/diffusion_pytorch_model.fp16.safetensors'), join(out, 'model.safetensors'));
    writeFileSync(join(out, 'stranger.png'), 'replaced');
    const before = contents(cwd);
    before.delete('o/stranger.png');
    const args = ['batch', 'm.jsonl', '--model', 'model', '--output-dir', 'o', '--overwrite'];
    expect((await runCli(args, { cwd })).code).toBe(1);
    expect(told(out)).toEqual([...Array<string>(6).fill('OUTPUT_IS_INPUT'), 'stranger.png']);
    expectKept(cwd, before);
  });

  it('that was done stays done, though another reads what it wrote', async () => {
    const cwd = place([{ image: 'a.png', output: 'new.png' }]);
    expect((await runBatch(['m.jsonl', '--output-dir', 'o'], { cwd })).code).toBe(0);
    writeRows(join(cwd, 'm.jsonl'), [
      { image: 'a.png', ...quick, output: 'new.png' },
      { image: 'o/new.png', ...quick, output: 'newer.png' },
    ]);
    const resume = ['m.jsonl', '--output-dir', 'o', '--resume'];
    expect((await runBatch([...resume, '--dry-run'], { cwd })).code).toBe(0);
    const { code, stderr } = await runBatch(resume, { cwd });
    expect([code, stderr]).toEqual([0, expect.stringContaining('1 refined, 1 already done (2 rows) in')]);
    /* Another prompt: it would be done again, over what the other row reads. */
    writeRows(join(cwd, 'm.jsonl'), [
      { image: 'a.png', ...quick, prompt: 'another', output: 'new.png' },
      { image: 'o/new.png', ...quick, output: 'newer.png' },
    ]);
    for (const flags of [['--dry-run'], []]) {
      const changed = await runBatch([...resume, ...flags], { cwd });
      expect([changed.code, changed.stderr]).toEqual([
        1,
        expect.stringContaining('new.png, a file that this run reads'),
      ]);
    }
  });
});

it('--prune removes nothing that the run reads', async () => {
  const cwd = place([
    { image: 'a.png', output: 'x.png' },
    { image: 'b.png', output: 'y.png' },
  ]);
  await runBatch(['m.jsonl', '--output-dir', '.'], { cwd });
  writeRows(join(cwd, 'm.jsonl'), [{ image: 'y.png', ...quick, output: 'z.png' }]);
  expect((await runBatch(['m.jsonl', '--output-dir', '.', '--overwrite', '--prune'], { cwd })).code).toBe(0);
  expect([existsSync(join(cwd, 'x.png')), existsSync(join(cwd, 'y.png'))]).toEqual([false, true]);
});

describe('--predictions-csv', () => {
  const cwd = place([
    { image: 'a.png', output: 'x.png' },
    { image: 'b.png', output: 'sub/y.png' },
  ]);
  const [out, config] = [join(cwd, 'o'), join(cwd, 'sdxl-refine.json')];
  mkdirSync(out);
  mkdirSync(join(cwd, 'elsewhere'));
  writeFileSync(config, '{"strength": 0.5}');
  writeFileSync(join(cwd, 'named.json'), '{"steps": 2}');
  cpSync(model, join(cwd, 'model'), { recursive: true });
  symlinkSync('../o', join(cwd, 'elsewhere/link'));
  linkSync(join(cwd, 'm.jsonl'), join(cwd, 'hard.csv'));
  const args = ['batch', 'm.jsonl', '--model', 'model', '--output-dir', 'o'];

  it.each<[string, ...string[]]>([
    ['o/results.jsonl'],
    ['o/Results.JSONL'],
    ['elsewhere/link/results.jsonl'],
    ['o/results-1-of-2.jsonl'],
    ['o/.sdxl-refine.lock'],
    ['o/.sdxl-refine-run.json'],
    ['o/.sdxl-refine-latents/x'],
    ['o/x.png'],
    ['o/X.png'],
    ['o/sub/y.png'],
    ['o'],
    ['m.jsonl', '--overwrite'],
    ['hard.csv', '--overwrite'],
    ['a.png', '--overwrite'],
    ['a.txt', '--overwrite'],
    ['sdxl-refine.json', '--overwrite'],
    ['named.json', '--overwrite', '--config', 'named.json'],
    ['model/unet/config.json', '--overwrite'],
    ['m.jsonl', '--resume'],
  ])('%s is refused before work: %j', async (path, ...flags) => {
    const before = contents(cwd);
    const run = await runCli([...args, '--predictions-csv', path, ...flags], { cwd });
    expect(run).toMatchObject({ code: 6, stdout: '' });
    expect(run.stderr).toMatch(
      /Expected --predictions-csv to name a file of its own.*Choose another name\. \[OUTPUT_EXISTS\]\n$/,
    );
    expect(run.stderr).not.toContain('Loaded');
    expect(contents(cwd)).toEqual(before);
  });
});

it('one picture is written over nothing that is read for it, --overwrite or not', async () => {
  const cwd = place([]);
  cpSync(model, join(cwd, 'model'), { recursive: true });
  linkSync(join(cwd, 'a.png'), join(cwd, 'hard.png'));
  const before = contents(cwd);
  for (const output of ['a.png', 'hard.png', 'model/unet/diffusion_pytorch_model.fp16.safetensors']) {
    const args = [
      'a.png',
      '--model',
      'model',
      '--prompt',
      'x',
      '-s',
      '0.5',
      '--steps',
      '2',
      '-o',
      output,
      '--overwrite',
    ];
    const { code, stderr } = await runCli(args, { cwd });
    expect([code, stderr]).toEqual([1, expect.stringContaining('[OUTPUT_IS_INPUT]')]);
  }
  expect(contents(cwd)).toEqual(before);
});

it('compare writes over nothing of the run that it shows', async () => {
  const cwd = place([{ image: 'a.png', output: 'x.png' }]);
  await runBatch(['m.jsonl', '--output-dir', 'o'], { cwd });
  symlinkSync('o/x.png', join(cwd, 'link.png'));
  const before = contents(cwd);
  for (const flags of [
    ['--output', 'o/results.jsonl'],
    ['--output', 'a.png'],
    ['--output', 'm.jsonl'],
    ['--sheet', 'o/x.png'],
    ['--sheet', 'link.png'],
    ['--output', 'o/.sdxl-refine-run.json'],
    ['--output', 'new', '--sheet', 'new'],
    ['--output', 'o'],
  ]) {
    const { code, stderr } = await runCli(['compare', 'o', ...flags], { cwd });
    expect([flags, code, stderr]).toEqual([flags, 6, expect.stringContaining('[OUTPUT_EXISTS]')]);
  }
  expect(contents(cwd)).toEqual(before);
  for (let time = 0; time < 2; time++) expect((await runCli(['compare', 'o', '--quiet'], { cwd })).code).toBe(0);
});
