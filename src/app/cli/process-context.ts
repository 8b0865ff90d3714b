/** The process that a command runs in: streams, environment, folder, signals. */
import type { Readable } from 'node:stream';
import type { Terminal } from './progress/terminal.js';

/** Ctrl-C, the end of a service, a closed terminal, and Ctrl-\\. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
export type EndingSignal = (typeof ENDING_SIGNALS)[number];

/** The part of Node's `process` that `main` uses; tests pass their own. */
export interface Process {
  stdin: Readable & { isTTY?: boolean };
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  env: Readonly<Record<string, string | undefined>>;
  cwd(): string;
  on(event: EndingSignal, listener: () => void): unknown;
  off(event: EndingSignal, listener: () => void): unknown;
  kill(pid: number, signal: 0): unknown;
  exit(code: number): never;
}

export interface ProcessContext extends Omit<Process, 'stderr'> {
  stderr: Terminal;
  /** The command line, without the program. */
  words: readonly string[];
  /** Aborts when output can no longer be written; its reason is the RefineError that ends the run. */
  broken: AbortSignal;
}

/** An empty variable counts as not set: scripts leave such variables. */
export const variable = (name: string, { env }: Pick<ProcessContext, 'env'>): string | undefined =>
  env[name] === '' ? undefined : env[name];
