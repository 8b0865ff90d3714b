/** With --json an error that stops a command is the last line of standard output. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, model, slowRow, startBatch, workFolder, writeRows } from '../support/batch.js';
import { waitFor } from '../support/processes.js';
import { itOnLinux } from '../support/it-on-linux.js';
import { runCli } from '../support/run-cli.js';

const folder = workFolder();
const rows = writeRows(join(folder, 'rows.jsonl'), [goodRow]);
writeFileSync(join(folder, 'torn.jsonl'), '');
writeFileSync(join(folder, 'file'), '');

const lastLine = (stdout: string): unknown => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');

const cases: { args: string[]; code: string; exit: number; message: RegExp }[] = [
  {
    args: ['batch', rows, '--bogus'],
    code: 'USAGE_OPTION_INVALID',
    exit: 2,
    message: /^Unknown option --bogus\. --help/,
  },
  { args: ['batch'], code: 'USAGE_OPTION_INVALID', exit: 2, message: /^Missing required argument/ },
  { args: ['batch', rows, '--steps', '0'], code: 'USAGE_OPTION_INVALID', exit: 2, message: /--steps .*got 0/ },
  { args: ['batch', 'torn.jsonl'], code: 'MANIFEST_EMPTY', exit: 3, message: /torn\.jsonl/ },
  { args: ['batch', rows, '--model', 'none'], code: 'MODEL_NOT_FOUND', exit: 4, message: /none/ },
  { args: ['batch', rows, '--dry-run', '--model', 'none'], code: 'MODEL_NOT_FOUND', exit: 4, message: /none/ },
  {
    args: ['batch', rows, '--model', model, '--output-dir', 'file'],
    code: 'OUTPUT_UNWRITABLE',
    exit: 6,
    message: /file/,
  },
  { args: ['generate', '--prompt', 'a', '--base', 'none'], code: 'MODEL_NOT_FOUND', exit: 4, message: /none/ },
  { args: ['compare', 'none.jsonl'], code: 'MANIFEST_UNREADABLE', exit: 3, message: /none\.jsonl/ },
  { args: ['models', 'show', 'none'], code: 'MODEL_NOT_FOUND', exit: 4, message: /none/ },
  { args: ['models', 'verify', 'none'], code: 'MODEL_NOT_FOUND', exit: 4, message: /none/ },
];

it.each(cases)('$code of $args.0', async ({ args, code, exit, message }) => {
  const run = await runCli([...args, '--json'], { cwd: folder });
  expect(run.code).toBe(exit);
  expect(lastLine(run.stdout)).toEqual({ error: { code, message: expect.stringMatching(message), exit_code: exit } });
  expect(run.stdout).not.toContain('summary');
  expect(run.stderr).not.toBe('');
});

it('is asked for by the environment and by files, too', async () => {
  const args = ['batch', rows, '--model', 'none'];
  const error = { error: { code: 'MODEL_NOT_FOUND', exit_code: 4 } };
  const byVariable = await runCli(args, { cwd: folder, env: { ...process.env, SDXL_REFINE_JSON: '1' } });
  expect(lastLine(byVariable.stdout)).toMatchObject(error);
  const file = join(folder, 'settings.yaml');
  writeFileSync(file, 'json: true\n');
  const byFile = await runCli([...args, '--config', file], { cwd: folder });
  expect(lastLine(byFile.stdout)).toMatchObject(error);
});

it('is not there where it is not asked for', async () => {
  expect(await runCli(['batch', rows, '--model', 'none'], { cwd: folder })).toMatchObject({ code: 4, stdout: '' });
  expect(await runCli(['batch', '--bogus', '--', '--json'], { cwd: folder })).toMatchObject({ code: 2, stdout: '' });
});

itOnLinux('a run that is stopped says so after the rows that were finished', async () => {
  const many = writeRows(join(folder, 'many.jsonl'), [goodRow, slowRow]);
  const run = startBatch([many, '--output-dir', join(folder, 'stopped'), '--json']);
  let said = '';
  run.process.stdout.on('data', (text: string) => (said += text));
  await waitFor('the first row', () => said.includes('\n'));
  run.process.kill('SIGINT');
  const { code, stdout } = await run.done;
  expect(code).toBe(130);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ status: 'ok' });
  expect(lastLine(stdout)).toEqual({ error: { code: 'CANCELLED', message: expect.any(String), exit_code: 130 } });
});
