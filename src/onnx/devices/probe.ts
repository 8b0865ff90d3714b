/** Tries a device in a process of its own, whose death is a finding like any other. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fusionsOf } from '../graph/operators/lowerings.js';
import type { Device, Precision, Target } from '../graph/operators/target.js';
import type { RuntimeFacts } from '../runtime/backends.js';
import { isSlower, type Attempt, type DeviceTrial, type Speed } from './probe-result.js';

/** What the process is asked: each target until one passes. */
export interface ToProbe {
  targets: readonly Target[];
  /** Its speed is measured first, and none is tried if it takes more times as long as the CPU; null: it is not measured. */
  slowest: number | null;
}

export type FromProbe =
  | { kind: 'loaded'; runtime: RuntimeFacts }
  | { kind: 'attempted'; attempt: Attempt }
  | { kind: 'measured'; speed: Speed }
  | { kind: 'failed'; message: string };

export interface ProbeOptions {
  signal?: AbortSignal;
  /** Module that the process runs. */
  child?: URL;
  timeoutMs?: number;
}

/** What was heard from a process, and how it ended. */
export interface Heard {
  runtime: RuntimeFacts | null;
  attempts: Attempt[];
  speed: Speed | null;
  /** Why it ended before it was done; null: it was done. */
  failure: string | null;
}

const CHILD = new URL('./probe-child.js', import.meta.url);
/** The CPU takes a tenth of a second. A GPU may compile its kernels first, and software that plays one is slow. */
const TIMEOUT_MS = 120_000;

/** Ways of computing on a device, best first. @param precisions in the order wished for */
export const targetsOf = (device: Device, precisions: readonly Precision[]): Target[] =>
  precisions.flatMap((precision) => fusionsOf(device.family).map((fusion) => ({ ...device, precision, fusion })));

/** @throws the signal's reason; what is wrong with the device is in the trial */
export const tryDevice = async (
  device: Device,
  precisions: readonly Precision[],
  options: ProbeOptions & { slowest?: number } = {},
): Promise<DeviceTrial> => {
  const targets = targetsOf(device, precisions);
  const attempts: Attempt[] = [];
  let speed: Speed | null = null;
  /* A target that ends the process is passed over, and the rest are tried in a new one. */
  while (attempts.length < targets.length) {
    const rest = targets.slice(attempts.length);
    const heard = await probe({ targets: rest, slowest: options.slowest ?? null }, options);
    attempts.push(...heard.attempts);
    ({ speed } = heard);
    if (speed !== null && isSlower(speed, options.slowest ?? Infinity)) break;
    const [next] = rest.slice(heard.attempts.length);
    if (attempts.at(-1)?.problem === null || next === undefined) break;
    attempts.push({ target: next, result: null, problem: heard.failure ?? 'it gave no answer' });
  }
  const passed = attempts.find(({ problem }) => problem === null);
  return { device, target: passed?.target ?? null, attempts, speed };
};

/** @throws the signal's reason */
export const probe = (
  message: ToProbe,
  { signal, child = CHILD, timeoutMs = TIMEOUT_MS }: ProbeOptions = {},
): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const heard: Heard = { runtime: null, attempts: [], speed: null, failure: null };
    /* What a native library says as it dies is no part of a report, and standard output is the report's. */
    const attempt = fork(fileURLToPath(child), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      attempt.kill('SIGKILL');
    }, timeoutMs);
    const onAbort = (): void => {
      attempt.kill('SIGKILL');
    };
    const end = (death: string | null): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve({ ...heard, failure: heard.failure ?? death });
    };
    attempt.on('message', (said: FromProbe) => {
      if (said.kind === 'loaded') heard.runtime = said.runtime;
      else if (said.kind === 'attempted') heard.attempts.push(said.attempt);
      else if (said.kind === 'measured') heard.speed = said.speed;
      else heard.failure = said.message;
    });
    attempt.once('error', ({ message: text }) => {
      end(text);
    });
    /* Unlike 'exit', 'close' comes after the last message. */
    attempt.once('close', (code, name) => {
      if (isLate) end(`no answer in ${timeoutMs / 1000} s`);
      else if (name !== null) end(`its process ended by signal ${name}`);
      else end(code === 0 ? null : `its process ended with exit code ${code ?? 'unknown'}`);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    attempt.send(message, (error) => {
      if (error !== null) heard.failure ??= error.message;
    });
  });
