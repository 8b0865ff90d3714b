/** Tests the inference engine, and each of its devices in a separate process. */
import { describeDevices } from './check-devices.js';
import { probe, targetsOf, type ProbeReport, type ProbeOptions } from '../../onnx/devices/probe.js';
import type { EngineReport, Problem } from './report.js';

/** The test takes a tenth of a second; with a cold disk or on a busy machine it takes longer. */
const TIMEOUT_MS = 60_000;

export const checkEngine = async (options: ProbeOptions = {}): Promise<EngineReport> => {
  const targets = targetsOf({ family: 'cpu', index: 0 }, ['fp32']);
  const report = await probe({ targets, slowest: null }, { timeoutMs: TIMEOUT_MS, ...options });
  const { runtime, attempts } = report;
  const [cpu] = attempts;
  return {
    version: runtime?.version ?? null,
    devices:
      runtime === null
        ? []
        : [
            {
              name: 'cpu',
              works: cpu?.problem === null,
              precision: 'fp32',
              self_test: cpu?.result ?? null,
              reason: cpu?.problem ?? null,
            },
            ...(await describeDevices(runtime, options)),
          ],
    problem: problemOf(report),
  };
};

const problemOf = ({ attempts, failure }: ProbeReport): Problem | null => {
  const [cpu] = attempts;
  if (cpu?.problem === null) return null;
  if (cpu?.result != null) {
    return engineProblem(
      `The inference engine gives wrong results on the CPU: ${cpu.problem}. Report it, with this machine's CPU.`,
    );
  }
  return engineProblem(
    `The inference engine could not be loaded or run: ${cpu?.problem ?? failure ?? 'it gave no answer'}. Install the package again on this machine ("npm ci"), and report it if that does not help.`,
  );
};

const engineProblem = (message: string): Problem => ({ code: 'ENGINE_START', message });
