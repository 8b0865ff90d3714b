/** Runs the built command as a user does. */
import { spawn, type ChildProcessByStdio, type SpawnOptions } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { ResultRecord } from '#src/records/result.js';
import { root } from './golden.js';

/** A developer's own settings are no part of a test. */
process.env['XDG_CONFIG_HOME'] = join(tmpdir(), 'sdxl-refine-without-settings');

export interface CliRun {
  /** null: ended by a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  process: ChildProcessByStdio<Writable, Readable, Readable>;
  done: Promise<CliRun>;
}

export interface CliOptions extends Pick<SpawnOptions, 'detached' | 'env' | 'uid'> {
  cwd?: string;
  /** Standard input; null leaves it open, as a terminal would. */
  input?: string | null;
}

export const startCli = (args: readonly string[], options: CliOptions = {}): RunningCli => {
  const { cwd = root, input = '', ...rest } = options;
  const child = spawn(process.execPath, [join(root, 'bin/sdxl-refine.js'), ...args], {
    cwd,
    ...rest,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  if (input !== null) child.stdin.end(input);
  const done = new Promise<CliRun>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { process: child, done };
};

/** What `cli-pool.cjs` gives to every test file of a worker; the programs in bench/ run without it. */
declare const runInHost:
  | ((
      argv: readonly string[],
      options: { cwd: string; env: NodeJS.ProcessEnv; input: string },
    ) => Promise<CliRun> | null)
  | undefined;

/** Runs the command to its end, in a process that has its modules loaded where the run does not depend on how its process starts. */
export const runCli = async (args: readonly string[], options: CliOptions = {}): Promise<CliRun> => {
  const { cwd = root, env = process.env, input = '', detached, uid } = options;
  const canBeHosted = typeof runInHost !== 'undefined' && input !== null && detached === undefined && uid === undefined;
  const argv = [process.execPath, join(root, 'bin/sdxl-refine.js'), ...args];
  const run = canBeHosted ? runInHost(argv, { cwd, env: { ...env }, input }) : null;
  return run === null ? startCli(args, options).done : { ...(await run) };
};

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'sdxl-refine-'));

export const parseResults = (text: string): ResultRecord[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ResultRecord);
