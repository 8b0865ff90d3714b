/** The process around a command, as far as commands may know it. */
import type { Readable } from 'node:stream';

export interface Surroundings {
  stdin: Readable;
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  env: Readonly<Record<string, string | undefined>>;
  cwd(): string;
  on(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  kill(pid: number, signal: 0): unknown;
  exit(code: number): never;
}

/** An empty variable is one that isn't set, as scripts leave them. */
export const variable = (name: string, { env }: Pick<Surroundings, 'env'>): string | undefined =>
  env[name] === '' ? undefined : env[name];
