/** The scripts of action.yml, run as the runner would: by bash, with inputs as variables. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { goodRow, model, readResults, workFolder, writeRows } from '../support/batch.js';
import { root } from '../support/golden.js';

interface Step {
  name?: string;
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
  const { status, stderr } = spawnSync('bash', bash, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, RUNNER_TEMP: folder, GITHUB_ACTION_PATH: checkout, ...files, ...env },
  });
  return { status, stderr, output: existsSync(files.GITHUB_OUTPUT) ? readFileSync(files.GITHUB_OUTPUT, 'utf8') : '' };
};

it('every input is used, none inside a script, where its text would be run', () => {
  for (const name of Object.keys(action.inputs)) expect(text).toContain(`\${{ inputs.${name} }}`);
  for (const { run = '' } of steps) expect(run).not.toContain('${{');
  for (const { run, shell } of steps) expect(shell).toBe(run === undefined ? undefined : 'bash');
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
    stderr: expect.stringMatching(/^none\.png: failed, IMAGE_NOT_FOUND: [^\n]*\n$/) as string,
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
