import { PassThrough } from 'node:stream';
import type { ProcessContext } from '#src/app/cli/process-context.js';
import { printError } from '#src/app/cli/progress/print-error.js';
import { createTerminal } from '#src/app/cli/progress/terminal.js';
import { RefineError } from '#src/errors.js';

const tell = (thrown: unknown, asJson = true): { code: number; stdout: string; stderr: string } => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context = { stdout, stderr: createTerminal({ stderr, env: {} }) } as unknown as ProcessContext;
  const code = printError(thrown, context, asJson);
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
};

it('a bug is a line of JSON, and its stack is for people', () => {
  const { code, stdout, stderr } = tell(new TypeError('x is no function'));
  expect(code).toBe(70);
  expect(JSON.parse(stdout)).toEqual({ error: { code: 'INTERNAL', message: 'x is no function', exit_code: 70 } });
  expect(stderr).toMatch(/^sdxl-refine: this is a bug\. .*\nTypeError: x is no function\n +at /);
});

it('texts of an error are neither obeyed nor half characters', () => {
  const { code, stdout, stderr } = tell(new RefineError('OUTPUT_EXISTS', 'a\u001b[2J\u009bb\ud83d'));
  expect(code).toBe(6);
  expect(stdout).toBe('{"error":{"code":"OUTPUT_EXISTS","message":"a\\u001b[2J\\u009bb\ufffd","exit_code":6}}\n');
  expect(stderr).toBe('sdxl-refine: a\\u001b[2J\\u009bb\\ud83d [OUTPUT_EXISTS]\n');
});
