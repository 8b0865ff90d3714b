/** The process in which a device is tried. The engine is loaded here and nowhere in the parent: loading can crash. */
import nodeProcess from 'node:process';
import { messageOf } from '../../errors.js';
import type { Target } from '../graph/operators/target.js';
import type { FromProbe, ToProbe } from './probe.js';
import { isSlower, type Attempt } from './probe-result.js';

const say = (message: FromProbe): void => {
  nodeProcess.send?.(message);
};

const attempt = async (target: Target): Promise<Attempt> => {
  const { runSelfTest } = await import('./self-test.js');
  try {
    const result = await runSelfTest(target);
    const { max_error: off, tolerance } = result;
    const problem =
      off <= tolerance ? null : `its numbers are off by ${off.toExponential(1)}, where ${tolerance} is accepted`;
    return { target, result, problem };
  } catch (thrown) {
    return { target, result: null, problem: messageOf(thrown) };
  }
};

const probe = async ({ targets, slowest }: ToProbe): Promise<void> => {
  const { describeRuntime } = await import('../runtime/backends.js');
  say({ kind: 'loaded', runtime: describeRuntime() });
  const [first] = targets;
  if (slowest !== null && first !== undefined) {
    const { compareSpeed } = await import('./measure-speed.js');
    const speed = await compareSpeed(first);
    say({ kind: 'measured', speed });
    if (isSlower(speed, slowest)) return;
  }
  for (const target of targets) {
    const tried = await attempt(target);
    say({ kind: 'attempted', attempt: tried });
    if (tried.problem === null) return;
  }
};

nodeProcess.once('message', (message: ToProbe) => {
  probe(message)
    .catch((thrown: unknown) => {
      say({ kind: 'failed', message: messageOf(thrown) });
    })
    .finally(() => {
      nodeProcess.disconnect();
    });
});
