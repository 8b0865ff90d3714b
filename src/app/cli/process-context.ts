/** The process that a command runs in: streams, environment, folder, signals. */
import type { Readable } from 'node:stream';
import type { Terminal } from './progress/terminal.js';

/** Ctrl-C, what ends services, a terminal that is closed, and Ctrl-\\. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
export type EndingSignal = (typeof ENDING_SIGNALS)[number];

/** What `main` is given: Node's `process`, or a test's. */
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
  /** Aborted once nothing can be written any more; its reason is the RefineError that a run ends with. */
  broken: AbortSignal;
}

/** An empty variable is one that isn't set, as scripts leave them. */
export const variable = (name: string, { env }: Pick<ProcessContext, 'env'>): string | undefined =>
  env[name] === '' ? undefined : env[name];
