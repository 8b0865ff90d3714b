/** The scripts of action.yml, run as the runner would: by bash, with inputs as variables. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { goodRow, model, readResults, workFolder, writeRows } from '../support/batch.js';
import { root } from '../support/golden.js';

interface Step {
  name?: string;
  uses?: string;
  run?: string;
  shell?: string;
  env?: Record<string, string>;
  with?: Record<string, string>;
}
interface Action {
  inputs: Record<string, unknown>;
  runs: { steps: Step[] };
}
const text = readFileSync(join(root, 'action.yml'), 'utf8');
const action = parse(text) as Action;
const { steps } = action.runs;
const folder = workFolder();
/** Where the action is checked out, and its package installed. */
const checkout = join(folder, 'action');
mkdirSync(join(checkout, 'build'), { recursive: true });
symlinkSync(root, join(checkout, 'build/action'));

const runStep = (name: string, env: Record<string, string>) => {
  const step = steps.find((one) => one.name === name)!;
  expect(Object.keys(step.env ?? {}).filter((key) => !(key in env))).toEqual([]);
  const files = { GITHUB_OUTPUT: join(folder, `${name}.output`), GITHUB_STEP_SUMMARY: join(folder, 'summary.md') };
  /* As the runner calls `shell: bash`. */
  const bash = ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', step.run!];
  rmSync(files.GITHUB_OUTPUT, { force: true });
  const { status, stdout, stderr } = spawnSync('bash', bash, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, RUNNER_TEMP: folder, GITHUB_ACTION_PATH: checkout, ...files, ...env },
  });
  return {
    status,
    stdout,
    stderr,
    output: existsSync(files.GITHUB_OUTPUT) ? readFileSync(files.GITHUB_OUTPUT, 'utf8') : '',
  };
};

it('every input is used, none inside a script, where its text would be run', () => {
  for (const name of Object.keys(action.inputs)) expect(text).toContain(`\${{ inputs.${name} }}`);
  for (const { run = '' } of steps) expect(run).not.toContain('${{');
  for (const { run, shell } of steps) expect(shell).toBe(run === undefined ? undefined : 'bash');
});

it('other actions are named by commit, with the version beside it, here and in the documentation', () => {
  const guide = readFileSync(join(root, 'docs/ci.md'), 'utf8');
  const uses = [...`${text}\n${guide}`.matchAll(/^ *(?:- )?uses: (.*)$/gm)].map(([, named]) => named!);
  expect(uses.length).toBeGreaterThan(4);
  for (const named of uses) {
    if (named.startsWith('<owner>/sdxl-refine@')) expect(named).toBe('<owner>/sdxl-refine@<commit> # <version>');
    else expect(named).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
});

describe('inputs that may be the text of others', () => {
  const good = { INPUT: 'job.jsonl', MODEL: model, OUTPUT_DIR: 'refined', ARTIFACT: 'refined', LC_ALL: 'C' };
  const check = (inputs: Partial<typeof good>) => runStep('Check the inputs', { ...good, ...inputs });

  it.each([
    ['plain names', {}],
    [
      'names in other letters, with spaces and quotes',
      { OUTPUT_DIR: "d'été/ü 1", ARTIFACT: "l'été 2", MODEL: './ü m' },
    ],
    ['what looks like an option', { INPUT: '-x\n--quiet', OUTPUT_DIR: '-o', ARTIFACT: '-a', MODEL: '--json' }],
    ['what a shell would run', { OUTPUT_DIR: '$(false)`false`', ARTIFACT: '$(false);false' }],
    ['a folder above, and no artifact', { OUTPUT_DIR: '../elsewhere', ARTIFACT: '' }],
    ['an absolute folder', { OUTPUT_DIR: '/nowhere/refined' }],
  ])('%s: taken', (_, inputs) => {
    const { OUTPUT_DIR } = { ...good, ...inputs };
    const place = OUTPUT_DIR.startsWith('/') ? OUTPUT_DIR : `${folder}/${OUTPUT_DIR}`;
    expect(check(inputs)).toEqual({ status: 0, stdout: '', stderr: '', output: `folder=${place}\n` });
  });

  it.each([
    ['a second output', 'output-dir', { OUTPUT_DIR: 'refined\nresults=/etc/passwd' }],
    ['a delimiter', 'output-dir', { OUTPUT_DIR: 'x\n::add-mask::a' }],
    ['a carriage return', 'output-dir', { OUTPUT_DIR: 'x\ry' }],
    ['an end of text', 'output-dir', { OUTPUT_DIR: 'x\u001b[2J' }],
    ['a pattern', 'output-dir', { OUTPUT_DIR: '**' }],
    ['a set of letters', 'output-dir', { OUTPUT_DIR: 're[f]ined' }],
    ['an escape', 'output-dir', { OUTPUT_DIR: 'a\\b' }],
    ['a space that is trimmed', 'output-dir', { OUTPUT_DIR: 'refined ' }],
    ['nothing', 'output-dir', { OUTPUT_DIR: '' }],
    ['a folder in the name', 'artifact', { ARTIFACT: '../../home/x' }],
    ['a pattern in the name', 'artifact', { ARTIFACT: 'a*' }],
    ['a set of letters in the name', 'artifact', { ARTIFACT: 'a[b]' }],
    ['a second path', 'artifact', { ARTIFACT: 'a\n/etc/passwd' }],
    ['a second line', 'model', { MODEL: 'a\nb' }],
    ['standard input', 'input', { INPUT: 'a\n-\nb' }],
  ])('%s: refused, and not printed', (_, name, inputs) => {
    const { status, stdout, stderr, output } = check(inputs);
    expect({ status, stderr, output }).toEqual({ status: 2, stderr: '', output: '' });
    expect(stdout).toMatch(new RegExp(`^::error title=sdxl-refine::Expected the input ${name} [^\\n]*\\n$`));
    for (const value of Object.values(inputs).filter((one) => one.length > 2)) expect(stdout).not.toContain(value);
  });

  it.each(['linked', 'linked/', 'linked//', 'linked/.', './linked', 'linked/deeper', 'real'])(
    'a checkout with links in %s: refused',
    (name) => {
      mkdirSync(join(folder, 'real'), { recursive: true });
      mkdirSync(join(folder, 'elsewhere'), { recursive: true });
      for (const link of ['linked', 'real/home']) {
        rmSync(join(folder, link), { force: true });
        symlinkSync(join(folder, 'elsewhere'), join(folder, link));
      }
      const { status, stdout, output } = check({ OUTPUT_DIR: name });
      expect({ status, output }).toEqual({ status: 2, output: '' });
      expect(stdout).toMatch(/output-dir .*links?\b.*: take it out of the repository\n$/);
    },
  );

  it('reach the program as values, whatever they begin with, and no line of it is a command to the runner', () => {
    const file = '::set-output name=results::x.jsonl';
    writeRows(join(folder, file), [{ ...goodRow, image: '::add-mask::a.png' }]);
    const inputs = { INPUT: `--version\n${file}`, MODEL: '--json', OUTPUT_DIR: '-o', ARGS: '' };
    const refused = runStep('Refine', inputs);
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain('--version');
    const run = runStep('Refine', { ...inputs, INPUT: file, MODEL: model });
    expect(run).toMatchObject({ status: 1, stderr: '', output: 'results=-o/results.jsonl\n' });
    const [, word, said = ''] = /^::stop-commands::([0-9a-f]{32})\n(.*)\n::\1::\n$/s.exec(run.stdout)!;
    expect(said).toContain('::add-mask::a.png');
    expect(said).not.toContain(word);
    expect(runStep('Refine', inputs).stdout).not.toContain(word);

    const compared = runStep('Compare before and after', {
      INPUT: `${file}\n-x\n`,
      ARTIFACT: '-a',
      RESULTS: run.output.trim().slice('results='.length),
    });
    expect(compared).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(folder, '-a-compare.html'))).toBe(true);
  });

  it('forge no output and leave no folder where a step runs without the check', () => {
    const inputs = { INPUT: 'job.jsonl', MODEL: model, OUTPUT_DIR: 'x\nresults=/etc/passwd', ARGS: '' };
    expect(runStep('Refine', inputs)).toMatchObject({ status: 2, output: '' });
    expect(existsSync(join(folder, inputs.OUTPUT_DIR))).toBe(false);
    const compare = { INPUT: '.', ARTIFACT: '../escaped', RESULTS: 'refined/results.jsonl' };
    expect(runStep('Compare before and after', compare)).toMatchObject({ status: 2, stderr: '', stdout: '' });
  });

  it('are no Markdown in the summary', () => {
    const evil = '](https://a.test) <img src=x> | `x` **b** @me $x$ \n# Title';
    writeRows(join(folder, 'evil.jsonl'), [{ ...goodRow, image: evil, prompt: evil }]);
    runStep('Refine', { INPUT: 'evil.jsonl', MODEL: model, OUTPUT_DIR: evil.replaceAll(/[\n/]/g, ''), ARGS: '' });
    const summary = readFileSync(join(folder, 'summary.md'), 'utf8');
    expect(summary).toContain(String.raw`\]\(https\://a.test\) \<img src=x\> \| \`x\` \*\*b\*\* \@me \$x\$`);
    for (const raw of [/(?<!\\)<img/, /(?<!\\)\]\(/, /(?<!\\)\*\*b/, /^# /m, / @me/]) expect(summary).not.toMatch(raw);
  });
});

it('refines, keeps the exit code, compares, and links', () => {
  const { prompt: _, ...row } = goodRow;
  writeRows(join(folder, 'a job.jsonl'), [row, { ...row, image: 'none.png' }]);
  const refined = runStep('Refine', {
    INPUT: 'a job.jsonl\n',
    MODEL: model,
    OUTPUT_DIR: 'the output',
    ARGS: '--prompt=a "quoted" $(prompt)\n\n--quiet\n',
  });
  expect(refined).toEqual({
    status: 1,
    stdout: expect.stringMatching(
      /^::stop-commands::([0-9a-f]{32})\nnone\.png: failed, IMAGE_NOT_FOUND: [^\n]*\n::\1::\n$/,
    ) as string,
    stderr: '',
    output: 'results=the output/results.jsonl\n',
  });
  const results = readResults(join(folder, 'the output'));
  expect(results.map(({ status }) => status)).toEqual(['ok', 'failed']);
  expect(results[0]).toMatchObject({ prompt: 'a "quoted" $(prompt)' });

  const env = { INPUT: 'a job.jsonl', ARTIFACT: 'mine', RESULTS: 'the output/results.jsonl' };
  expect(runStep('Compare before and after', env).status).toBe(0);
  expect(existsSync(join(folder, 'mine-contact-sheet.png'))).toBe(true);
  expect(existsSync(join(folder, 'mine-compare.html'))).toBe(true);

  expect(runStep('Link them in the summary', { SHEET: 'https://a/1', PAGE: '', PICTURES: 'https://a/2' }).status).toBe(
    0,
  );
  const summary = readFileSync(join(folder, 'summary.md'), 'utf8');
  expect(summary).toContain('### sdxl-refine: 1 of 2 rows refined');
  expect(summary).toMatch(
    /\n\n- \[Contact sheet\]\(https:\/\/a\/1\)\n- \[Pictures and results\.jsonl\]\(https:\/\/a\/2\)\n$/,
  );
});

it('a run that does not begin has no results', () => {
  const run = runStep('Refine', { INPUT: 'none.jsonl', MODEL: '', OUTPUT_DIR: 'nothing', ARGS: '' });
  expect(run.status).toBe(3);
  expect(run.output).not.toContain('nothing');
});
