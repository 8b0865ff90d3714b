/** Runs the built command as a user does. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { ResultRecord } from '#src/records.js';
import { root } from './golden.js';

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

export const startCli = (args: readonly string[], options: { cwd?: string; input?: string } = {}): RunningCli => {
  const child = spawn(process.execPath, [join(root, 'bin/sdxl-refine.js'), ...args], {
    cwd: options.cwd ?? root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.end(options.input ?? '');
  const done = new Promise<CliRun>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { process: child, done };
};

export const runCli = (args: readonly string[], options: { cwd?: string; input?: string } = {}): Promise<CliRun> =>
  startCli(args, options).done;

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'sdxl-refine-'));

export const parseResults = (text: string): ResultRecord[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ResultRecord);
