/** How many channels a block of the CPU's own layout has (onnx/graph/cpu/nchwc-layout.ts): 8 or 16, by its vector registers. */
import { NCHWC } from '../graph/cpu/nchwc-layout.js';
import { GraphBuilder } from '../graph/onnx/graph-builder.js';
import { CPU, type Target } from '../graph/operators/target.js';
import { openNetwork } from './session.js';

/** Fewer than any block's: ONNX Runtime fills the block up. */
const FEW = 4;

const ask = async (): Promise<number | null> => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'F32', [1, FEW, 1, 1]);
  graph.output(graph.node('ReorderInput', [x], { channels_last: 0 }, NCHWC), 'y', [1, 'channels', 1, 1]);
  try {
    const network = await openNetwork(graph.finish('block', '.'));
    const { y } = await network.run({ x: { data: new Float32Array(FEW), dims: [1, FEW, 1, 1] } });
    await network.close();
    return y?.dims[1] ?? null;
  } catch {
    return null;
  }
};

let known: Promise<number | null> | undefined;

/** Asked of ONNX Runtime once in a process. @returns `null` on other devices, and where it has no such layout for this processor */
export const blockSize = async ({ family }: Pick<Target, 'family'> = CPU): Promise<number | null> =>
  family === 'cpu' ? (known ??= ask()) : null;
