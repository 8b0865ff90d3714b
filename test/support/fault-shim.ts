/** The shim between a process and its disk (fault-shim.c): compiled, and told what to do. Linux with a C compiler. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { platform } from 'node:process';
import { root } from './golden.js';
import { temporaryFolder } from './run-cli.js';

/** What becomes of a call: an errno, once or from then on; half of what it should write; the end of its process. */
export type Form = 'EIO' | 'ENOSPC' | 'EXDEV' | 'EPERM' | 'ever EIO' | 'ever ENOSPC' | 'short' | 'before' | 'after';

export interface ShimOptions {
  /** Without links: only calls on what is in it, or is it, count. */
  folder: string;
  /** Those that count; empty: all. */
  calls?: readonly string[];
  /** Which of them, from 1; 0: none. */
  at?: number;
  form?: Form;
  /** Takes a line when a call begins and one when it has ended. */
  log?: string;
}

/** A line of the log. */
export interface CallNote {
  number: number;
  phase: 'begin' | 'end';
  call: string;
  path: string;
  /** Of `rename` and `link`. */
  to: string;
  bytes: number;
  /** At the end: negative where it failed. */
  result: number;
  /** Hexadecimal: the beginning of what is written. */
  data: string;
}

const source = join(root, 'test/support/fault-shim.c');

/** @returns the library's path, or why there is none here */
export const compileShim = (): { path: string } | { missing: string } => {
  if (platform !== 'linux') return { missing: 'LD_PRELOAD and /proc are of Linux' };
  const path = join(temporaryFolder(), 'fault-shim.so');
  const { status, error, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', path, source, '-ldl']);
  if (error !== undefined) return { missing: 'there is no C compiler (cc)' };
  if (status !== 0) throw new Error(`fault-shim.c does not compile: ${stderr.toString()}`);
  return { path };
};

/** libuv's io_uring would pass the shim by. */
export const shimEnvironment = (path: string): Record<string, string> => ({ LD_PRELOAD: path, UV_USE_IO_URING: '0' });

const formText = (form: Form | undefined): string => {
  const [last = '', ever] = (form ?? '').split(' ').reverse();
  const code = (constants.errno as Partial<Record<string, number>>)[last];
  return `${ever === undefined ? '' : 'ever:'}${code ?? last}`;
};

/** What `rmdir` is given in a process with the shim, to set it anew. */
export const shimWords = ({ folder, calls = [], at = 0, form, log = '' }: ShimOptions): string =>
  ['SHIM', folder, calls.length === 0 ? '' : `,${calls.join(',')},`, at, formText(form), log].join('\n');

export const shimVariables = ({ folder, calls = [], at = 0, form, log = '' }: ShimOptions): Record<string, string> => ({
  SHIM_FOLDER: folder,
  SHIM_CALLS: calls.length === 0 ? '' : `,${calls.join(',')},`,
  SHIM_AT: String(at),
  SHIM_FORM: formText(form),
  SHIM_LOG: log,
});

export const readNotes = (log: string): CallNote[] =>
  readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CallNote);
