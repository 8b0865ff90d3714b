/** The process that probes a device. It loads ONNX Runtime, which can crash; the parent never does. */
import nodeProcess from 'node:process';
import { messageOf } from '../../errors.js';
import type { Target } from '../graph/operators/target.js';
import type { ProbeMessage, ProbeRequest } from './probe.js';
import { isSlower, type Attempt } from './probe-result.js';

const send = (message: ProbeMessage): void => {
  nodeProcess.send?.(message);
};

const attempt = async (target: Target): Promise<Attempt> => {
  const { runSelfTest } = await import('./self-test.js');
  try {
    const result = await runSelfTest(target);
    const { max_error: off, tolerance } = result;
    const problem =
      off <= tolerance ? null : `its results are off by ${off.toExponential(1)}; at most ${tolerance} is accepted`;
    return { target, result, problem };
  } catch (thrown) {
    return { target, result: null, problem: messageOf(thrown) };
  }
};

const probe = async ({ targets, slowest }: ProbeRequest): Promise<void> => {
  const { describeRuntime } = await import('../runtime/backends.js');
  send({ kind: 'loaded', runtime: describeRuntime() });
  const [first] = targets;
  if (slowest !== null && first !== undefined) {
    const { compareSpeed } = await import('./measure-speed.js');
    const speed = await compareSpeed(first);
    send({ kind: 'measured', speed });
    if (isSlower(speed, slowest)) return;
  }
  for (const target of targets) {
    const tried = await attempt(target);
    send({ kind: 'attempted', attempt: tried });
    if (tried.problem === null) return;
  }
};

nodeProcess.once('message', (message: ProbeRequest) => {
  probe(message)
    .catch((thrown: unknown) => {
      send({ kind: 'failed', message: messageOf(thrown) });
    })
    .finally(() => {
      nodeProcess.disconnect();
    });
});
