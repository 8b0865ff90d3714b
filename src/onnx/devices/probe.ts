/** Probes a device in a process of its own. A crash of that process is a result like any other. */
import { fork } from 'node:child_process';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { fusionsOf } from '../graph/operators/lowerings.js';
import type { Device, Precision, Target } from '../graph/operators/target.js';
import { loaderEnvironment } from '../libraries/loader-environment.js';
import type { RuntimeInfo } from '../runtime/backends.js';
import { isSlower, type Attempt, type ProbeResult, type Speed } from './probe-result.js';

/** The targets to test, until one passes; all of one device. */
export interface ProbeRequest {
  targets: readonly Target[];
  /** Largest ratio to the CPU's time, measured first: a slower device is not tested. null: not measured. */
  slowest: number | null;
}

export type ProbeMessage =
  | { kind: 'loaded'; runtime: RuntimeInfo }
  | { kind: 'attempted'; attempt: Attempt }
  | { kind: 'measured'; speed: Speed }
  | { kind: 'failed'; message: string };

export interface ProbeOptions {
  signal?: AbortSignal;
  /** Module of the process; default: probe-child.ts. */
  child?: URL;
  timeoutMs?: number;
}

/** The messages of a process, and how it ended. */
export interface ProbeReport {
  runtime: RuntimeInfo | null;
  attempts: Attempt[];
  speed: Speed | null;
  /** Why it ended early; null: it finished. */
  failure: string | null;
}

const CHILD = new URL('./probe-child.js', import.meta.url);
/** The CPU takes a tenth of a second. A GPU may compile its kernels first, and a software GPU is slow. */
const TIMEOUT_MS = 120_000;

/** Targets of a device in the order of probing. @param precisions most wanted first */
export const targetsOf = (device: Device, precisions: readonly Precision[]): Target[] =>
  precisions.flatMap((precision) => fusionsOf(device.family).map((fusion) => ({ ...device, precision, fusion })));

/** @throws the signal's reason. Problems of the device are in the result. */
export const probeDevice = async (
  device: Device,
  precisions: readonly Precision[],
  options: ProbeOptions & { slowest?: number } = {},
): Promise<ProbeResult> => {
  const targets = targetsOf(device, precisions);
  const attempts: Attempt[] = [];
  let speed: Speed | null = null;
  /* A target that crashes the process is skipped, and the rest are tested in a new process. */
  while (attempts.length < targets.length) {
    const rest = targets.slice(attempts.length);
    const report = await probe({ targets: rest, slowest: options.slowest ?? null }, options);
    attempts.push(...report.attempts);
    ({ speed } = report);
    if (speed !== null && isSlower(speed, options.slowest ?? Infinity)) break;
    const [next] = rest.slice(report.attempts.length);
    if (attempts.at(-1)?.problem === null || next === undefined) break;
    attempts.push({ target: next, result: null, problem: report.failure ?? 'it gave no result' });
  }
  const passed = attempts.find(({ problem }) => problem === null);
  return { device, target: passed?.target ?? null, attempts, speed };
};

/** @throws the signal's reason */
export const probe = async (request: ProbeRequest, options: ProbeOptions = {}): Promise<ProbeReport> =>
  probeIn(await loaderEnvironment(request.targets[0]?.family ?? 'cpu', env), request, options);

const probeIn = (
  environment: NodeJS.ProcessEnv,
  request: ProbeRequest,
  { signal, child: module = CHILD, timeoutMs = TIMEOUT_MS }: ProbeOptions,
): Promise<ProbeReport> =>
  new Promise((resolve, reject) => {
    const report: ProbeReport = { runtime: null, attempts: [], speed: null, failure: null };
    /* Output of native libraries must not reach standard output, which belongs to results. */
    const child = fork(fileURLToPath(module), {
      env: environment,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const onAbort = (): void => {
      child.kill('SIGKILL');
    };
    const end = (death: string | null): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve({ ...report, failure: report.failure ?? death });
    };
    child.on('message', (message: ProbeMessage) => {
      if (message.kind === 'loaded') report.runtime = message.runtime;
      else if (message.kind === 'attempted') report.attempts.push(message.attempt);
      else if (message.kind === 'measured') report.speed = message.speed;
      else report.failure = message.message;
    });
    child.once('error', ({ message: text }) => {
      end(text);
    });
    /* Unlike 'exit', 'close' comes after the last message. */
    child.once('close', (code, name) => {
      if (isLate) end(`no answer in ${timeoutMs / 1000} s`);
      else if (name !== null) end(`its process ended by signal ${name}`);
      else end(code === 0 ? null : `its process ended with exit code ${code ?? 'unknown'}`);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    child.send(request, (error) => {
      if (error !== null) report.failure ??= error.message;
    });
  });
