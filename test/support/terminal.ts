/** The command line as on a terminal: the real `main`, with streams of the test's. */
import { PassThrough } from 'node:stream';
import { main } from '#src/app/cli/main.js';

export interface TerminalRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** @param typed what the person types, then the end of the input */
export const onTerminal = async (
  args: readonly string[],
  typed: string,
  { env = {}, cwd = '/' }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<TerminalRun> => {
  const stream = (): PassThrough & { isTTY: boolean } => Object.assign(new PassThrough(), { isTTY: true });
  const [stdin, stdout, stderr] = [stream(), stream(), stream()];
  stdin.end(typed);
  const nothing = (): void => undefined;
  const around = {
    ...{ stdin, stdout, stderr, env, cwd: () => cwd, on: nothing, off: nothing, kill: nothing },
    exit: (code: number): never => {
      throw new Error(`exit ${code}`);
    },
  };
  const code = await main(['node', 'sdxl-refine', ...args], around);
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
};
