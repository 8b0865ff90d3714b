/** How long a device takes for matrix products, which is most of what a network is. */
import { GraphBuilder } from '../graph/onnx/graph-builder.js';
import { CPU, type Target } from '../graph/operators/target.js';
import { openNetwork } from '../runtime/session.js';
import { tensor } from '../../tensor/tensor.js';

/** Half a billion operations over a megabyte: enough that calling a GPU does not decide, too few to wait for. */
const SIDE = 512;
const PRODUCTS = 2;

/** @returns milliseconds of the second run: the first compiles @throws SESSION_CREATE SESSION_RUN */
const measureSpeed = async (target: Target): Promise<number> => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'F32', [SIDE, SIDE]);
  let y = x;
  for (let product = 0; product < PRODUCTS; product++) y = graph.node('MatMul', [y, x]);
  graph.output(y, 'y', [SIDE, SIDE]);
  const network = await openNetwork(graph.finish('speed test', '/', target));
  const inputs = { x: tensor(new Float32Array(SIDE * SIDE).fill(1 / SIDE), [SIDE, SIDE]) };
  await network.run(inputs);
  const start = performance.now();
  await network.run(inputs);
  const elapsed = performance.now() - start;
  await network.close();
  return elapsed;
};

/** @throws SESSION_CREATE SESSION_RUN */
export const compareSpeed = async (target: Target): Promise<{ device_ms: number; cpu_ms: number }> => ({
  device_ms: await measureSpeed(target),
  cpu_ms: await measureSpeed(CPU),
});
