/** Processes as Linux shows them under /proc. */
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** State (`T`: stopped by a signal) and parent of a process; undefined when there is none. */
export const readStat = (pid: number): { state: string; parent: number } | undefined => {
  try {
    /* The name, in parentheses, may hold anything. */
    const [state = '', parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
};

/** A zombie has ended; only its parent has not asked how. */
export const isRunning = (pid: number): boolean => {
  const stat = readStat(pid);
  return stat !== undefined && stat.state !== 'Z';
};

/** Sends a signal. @returns false if the process had ended */
export const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return isRunning(pid) && process.kill(pid, name);
  } catch {
    return false;
  }
};

/** Milliseconds that a process's main thread waited for a processor so far: on a busy machine, others had it. */
export const processorWait = (pid: number): number => {
  try {
    /* proc(5), schedstat: nanoseconds on a processor, then of waiting for one. */
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
};

export const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((child) => child > 0 && isRunning(child) && readStat(child)?.parent === pid);

/** Waits until `find` gives something. @throws before the limit of a test, which would not say for what it waited */
export const waitFor = async <T>(
  what: string,
  find: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> => {
  const deadline = performance.now() + 150_000;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(20);
  }
};
