/** The inference engine, loaded and put to the test in a process of its own, whose death is a finding like any other. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ErrorRecord } from '../errors.js';
import type { RuntimeFacts } from '../runtime/backends.js';
import type { DeviceReport, EngineReport, Problem, SelfTestResult } from './report.js';

export type FromEngineChild =
  | { kind: 'loaded'; runtime: RuntimeFacts }
  | { kind: 'tested'; selfTest: SelfTestResult }
  | { kind: 'failed'; error: ErrorRecord };

export interface CheckEngineOptions {
  /** Module that the process runs. */
  child?: URL;
  timeoutMs?: number;
}

const CHILD = new URL('./engine-child.js', import.meta.url);
/** The test takes a tenth of a second; a cold disk and a busy machine take longer. */
const TIMEOUT_MS = 60_000;
const SUPPORTED = 'cpu';

interface Heard {
  runtime?: RuntimeFacts;
  selfTest?: SelfTestResult;
  error?: ErrorRecord;
}

export const checkEngine = async ({
  child = CHILD,
  timeoutMs = TIMEOUT_MS,
}: CheckEngineOptions = {}): Promise<EngineReport> => {
  const { heard, death } = await listen(child, timeoutMs);
  const { runtime, selfTest } = heard;
  return {
    version: runtime?.version ?? null,
    devices: (runtime?.backends ?? []).map(({ name }) => deviceReport(name, selfTest)),
    problem: problemOf(heard, death),
  };
};

const deviceReport = (name: string, selfTest: SelfTestResult | undefined): DeviceReport => ({
  name,
  supported: name === SUPPORTED,
  self_test: name === SUPPORTED ? (selfTest ?? null) : null,
});

const listen = (child: URL, timeoutMs: number): Promise<{ heard: Heard; death: string }> =>
  new Promise((resolve) => {
    const heard: Heard = {};
    let isLate = false;
    /* What a native library says as it dies is no part of a report, and standard output is the report's. */
    const attempt = fork(fileURLToPath(child), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const timer = setTimeout(() => {
      isLate = true;
      attempt.kill('SIGKILL');
    }, timeoutMs);
    const end = (death: string): void => {
      clearTimeout(timer);
      resolve({ heard, death });
    };
    attempt.on('message', (message: FromEngineChild) => {
      if (message.kind === 'loaded') heard.runtime = message.runtime;
      else if (message.kind === 'tested') heard.selfTest = message.selfTest;
      else heard.error = message.error;
    });
    attempt.once('error', ({ message }) => {
      end(message);
    });
    /* Unlike 'exit', 'close' comes after the last message. */
    attempt.once('close', (code, signal) => {
      if (isLate) end(`no answer in ${timeoutMs / 1000} s`);
      else end(signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`);
    });
  });

const problemOf = ({ selfTest, error }: Heard, death: string): Problem | null => {
  if (error !== undefined) return engineProblem(`The inference engine could not be loaded or run: ${error.message}`);
  if (selfTest === undefined) {
    return engineProblem(
      `The inference engine ended the process that loaded it (${death}). Install the package again on this machine ("npm ci"), and report it if that does not help.`,
    );
  }
  const { max_error: off, tolerance } = selfTest;
  if (off <= tolerance) return null;
  return engineProblem(
    `The inference engine computes wrong numbers on the CPU: it is off by ${off.toExponential(1)}, where ${tolerance} is accepted. Report it, with this machine's CPU.`,
  );
};

const engineProblem = (message: string): Problem => ({ code: 'ENGINE_START', message });
