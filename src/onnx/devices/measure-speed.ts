/** Measures a device's time for matrix multiplications, which take most of a network's time. */
import { GraphBuilder } from '../graph/onnx/graph-builder.js';
import { CPU, type Target } from '../graph/operators/target.js';
import { openSession } from '../runtime/session.js';
import { tensor } from '../../tensor/tensor.js';

/** Half a billion operations on a megabyte: enough to outweigh the call of a GPU, too few to wait for. */
const SIDE = 512;
const MATMULS = 2;

/** @returns milliseconds of the second run, since the first compiles kernels @throws SESSION_CREATE SESSION_RUN */
const measureSpeed = async (target: Target): Promise<number> => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'F32', [SIDE, SIDE]);
  let y = x;
  for (let count = 0; count < MATMULS; count++) y = graph.node('MatMul', [y, x]);
  graph.output(y, 'y', [SIDE, SIDE]);
  const session = await openSession(graph.finish('speed test', '/', target));
  const inputs = { x: tensor(new Float32Array(SIDE * SIDE).fill(1 / SIDE), [SIDE, SIDE]) };
  await session.run(inputs);
  const start = performance.now();
  await session.run(inputs);
  const elapsed = performance.now() - start;
  await session.close();
  return elapsed;
};

/** @throws SESSION_CREATE SESSION_RUN */
export const compareSpeed = async (target: Target): Promise<{ device_ms: number; cpu_ms: number }> => ({
  device_ms: await measureSpeed(target),
  cpu_ms: await measureSpeed(CPU),
});
