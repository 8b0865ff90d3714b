/** The process in which the inference engine is tried. It is loaded here and nowhere in the parent: loading can crash. */
import { toErrorRecord } from '../errors.js';
import type { FromEngineChild } from './check-engine.js';

const say = (message: FromEngineChild): void => {
  process.send?.(message);
};

try {
  const { describeRuntime } = await import('../runtime/backends.js');
  say({ kind: 'loaded', runtime: describeRuntime() });
  const { runSelfTest } = await import('./self-test.js');
  say({ kind: 'tested', selfTest: await runSelfTest() });
} catch (thrown) {
  say({ kind: 'failed', error: toErrorRecord(thrown) });
}
process.disconnect();
