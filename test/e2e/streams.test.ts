/** Standard output is for results alone; standard error is for people, plain where it is no terminal. */
import { spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { join } from 'node:path';
import { goodRow, model, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { root } from '../support/golden.js';
import { parseResults, runCli } from '../support/run-cli.js';

const folder = workFolder();
const mixed = writeRows(join(folder, 'mixed.jsonl'), [goodRow, { ...goodRow, image: 'none.png' }, goodRow]);
writeRows(join(folder, 'many.jsonl'), Array<object>(200).fill(goodRow));
/* Only failures are told one by one: more of them than a pipe holds for a reader that is late. */
writeRows(join(folder, 'failing.jsonl'), [goodRow, ...Array<object>(999).fill({ ...goodRow, image: 'none.png' })]);

/** Runs a command line in a shell; `$CLI` is the command under test. @returns both streams, apart */
const inShell = (script: string): Promise<{ stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, CLI: `${execPath} ${join(root, 'bin/sdxl-refine.js')} batch --model ${model}` };
    const shell = spawn('sh', ['-c', script], { cwd: folder, env });
    let [stdout, stderr] = ['', ''];
    shell.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    shell.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    shell.on('close', () => {
      resolve({ stdout, stderr });
    });
  });

describe('--json', () => {
  it('prints the results as they are in results.jsonl, and last the summary', async () => {
    const out = join(folder, 'json');
    const run = await runBatch([mixed, '--output-dir', out, '--json']);
    expect(run.code).toBe(1);
    expect(run.stdout.endsWith('}\n')).toBe(true);
    const lines = parseResults(run.stdout);
    expect(lines.slice(0, -1)).toEqual(readResults(out));
    expect(lines.at(-1)).toMatchObject({
      summary: {
        rows: 3,
        total: 3,
        ok: 2,
        failed: 1,
        errors: { IMAGE_NOT_FOUND: 1 },
        steps_run: 2,
        results: join(out, 'results.jsonl'),
      },
    });
  });
});

it('progress and summary are plain lines on standard error', async () => {
  const run = await runBatch([mixed, '--output-dir', join(folder, 'plain')]);
  expect(run).toMatchObject({ code: 1, stdout: '' });
  expect(run.stderr).toMatch(
    /^Loaded .*\nnone\.png: failed, IMAGE_NOT_FOUND: .*\n2 of 3 rows refined .*\n1 failed: IMAGE_NOT_FOUND 1\n.*plain\n$/,
  );
  // oxlint-disable-next-line no-control-regex -- escape codes are what must not be there
  expect(run.stderr).not.toMatch(/[\x1b\r\b]/);
});

it('--quiet says failed rows and what ends a run, and nothing else', async () => {
  const quiet = await runBatch([mixed, '--output-dir', join(folder, 'quiet'), '--quiet']);
  expect(quiet).toMatchObject({ code: 1, signal: null, stdout: '' });
  expect(quiet.stderr).toMatch(/^none\.png: failed, IMAGE_NOT_FOUND: .* \(mixed\.jsonl, line 2\)\n$/);
  const ended = await runBatch([mixed, '--output-dir', join(folder, 'quiet'), '--quiet']);
  expect(ended).toMatchObject({ code: 6, stdout: '' });
  expect(ended.stderr).toMatch(/^sdxl-refine: .*\[OUTPUT_EXISTS\]\n$/);
});

describe('a reader that goes away', () => {
  it.each([
    { what: 'of results', script: '($CLI many.jsonl --output-dir a --json; echo "exit $?" >&2) | head -1' },
    { what: 'of a dry run', script: '($CLI many.jsonl --output-dir b --json --dry-run; echo "exit $?" >&2) | head -1' },
  ])('$what stops the run without a stack', async ({ script }) => {
    const { stdout, stderr } = await inShell(script);
    expect(parseResults(stdout)).toMatchObject([{ row_number_per_file: 0 }]);
    expect(stderr).toMatch(/exit 130\n$/);
    expect(stderr).not.toMatch(/^ +at |EPIPE|this is a bug/m);
  });

  it('keeps the rows that were finished', () => {
    const results = readResults(join(folder, 'a'));
    expect(results.length).toBeGreaterThan(0);
    expect(results.length).toBeLessThan(200);
    expect(results.every(({ status }) => status === 'ok')).toBe(true);
  });

  it('of messages stops the run too', async () => {
    const { stdout } = await inShell(
      '($CLI failing.jsonl --output-dir c; echo "exit $?" >&3) 3>&1 2>&1 >/dev/null | head -2',
    );
    expect(stdout).toMatch(/^Loaded .*\nnone\.png: failed, .*\n$/);
    expect(readResults(join(folder, 'c')).length).toBeLessThan(1000);
  });
});

describe('words about the command', () => {
  it('--help goes to standard output', async () => {
    const run = await runCli(['batch', '--help']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/Usage: sdxl-refine batch/);
    for (const part of ['Examples:', '--dry-run']) expect(run.stdout).toContain(part);
    const { stdout: all } = await runCli(['batch', '--help', 'all']);
    for (const part of ['Exit codes:', '--guidance-rescale']) expect(all).toContain(part);
  });

  it('--version is the package’s', async () => {
    expect(await runCli(['--version'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it('a command nobody knows: exit 2, on standard error', async () => {
    expect(await runCli(['bach'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/no command and no picture named "bach": did you mean batch\?/),
    });
  });
});
