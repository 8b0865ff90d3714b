/** Runs of the command without an engine, in processes whose disk does what it is told. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { root } from './golden.js';
import { shimEnvironment, shimWords, type ShimOptions } from './fault-shim.js';
import { temporaryFolder } from './run-cli.js';

/** What the process is sent; its answer is the exit code. */
export interface Order {
  args: readonly string[];
  shim: string;
  stdout: string;
  stderr: string;
}

export interface ShakenRun {
  /** null: killed. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface ShakenCommand {
  run(args: readonly string[], shim?: ShimOptions): Promise<ShakenRun>;
  /** What holds of a process, such as a lock, holds no more: the next run has another. */
  renew(): void;
  close(): void;
}

export const shakenCommand = (shimPath: string): ShakenCommand => {
  const folder = temporaryFolder();
  const [stdout, stderr] = [join(folder, 'stdout'), join(folder, 'stderr')];
  const start = (): ChildProcess =>
    fork(join(root, 'build/test/support/without-engine.js'), { env: { ...env, ...shimEnvironment(shimPath) } });
  let current = start();
  /* One that is killed is replaced at once by one that has begun meanwhile. */
  let next = start();
  const renew = (): void => {
    current.kill('SIGKILL');
    [current, next] = [next, start()];
  };
  return {
    async run(args, shim = { folder: '' }) {
      const process = current;
      const listening = new AbortController();
      const { signal } = listening;
      const answer = once(process, 'message', { signal }).then(([code]) => code as number);
      const exit = once(process, 'exit', { signal }).then(() => null);
      for (const one of [answer, exit]) one.catch(() => undefined);
      const ended = Promise.race([answer, exit]);
      process.send({ args, shim: shimWords(shim), stdout, stderr } satisfies Order);
      const code = await ended;
      listening.abort();
      if (code === null) renew();
      return { code, stdout: readFileSync(stdout, 'utf8'), stderr: readFileSync(stderr, 'utf8') };
    },
    renew,
    close() {
      for (const process of [current, next]) process.kill('SIGKILL');
    },
  };
};
