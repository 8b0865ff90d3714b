/** The inference engine and every device that it knows, each put to the test in a process of its own. */
import { describeDevices } from './check-devices.js';
import { probe, targetsOf, type ProbeReport, type ProbeOptions } from '../../onnx/devices/probe.js';
import type { EngineReport, Problem } from './report.js';

/** The test takes a tenth of a second; a cold disk and a busy machine take longer. */
const TIMEOUT_MS = 60_000;

export const checkEngine = async (options: ProbeOptions = {}): Promise<EngineReport> => {
  const targets = targetsOf({ family: 'cpu', index: 0 }, ['fp32']);
  const heard = await probe({ targets, slowest: null }, { timeoutMs: TIMEOUT_MS, ...options });
  const { runtime, attempts } = heard;
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
    problem: problemOf(heard),
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
