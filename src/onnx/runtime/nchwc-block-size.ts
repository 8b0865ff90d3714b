/** Channels of an NCHWc block (onnx/graph/cpu/nchwc-layout.ts) on this processor: 8 or 16, by its vector registers. */
import { NCHWC } from '../graph/cpu/nchwc-layout.js';
import { GraphBuilder } from '../graph/onnx/graph-builder.js';
import { CPU, type Target } from '../graph/operators/target.js';
import { openSession } from './session.js';

/** Less than a block: ONNX Runtime pads to a whole block. */
const CHANNELS = 4;

const measure = async (): Promise<number | null> => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'F32', [1, CHANNELS, 1, 1]);
  graph.output(graph.node('ReorderInput', [x], { channels_last: 0 }, NCHWC), 'y', [1, 'channels', 1, 1]);
  try {
    const session = await openSession(graph.finish('block', '.'));
    const { y } = await session.run({ x: { data: new Float32Array(CHANNELS), dims: [1, CHANNELS, 1, 1] } });
    await session.close();
    return y?.dims[1] ?? null;
  } catch {
    return null;
  }
};

let known: Promise<number | null> | undefined;

/** Measured once in a process. @returns `null` on other devices, and if ONNX Runtime has no such layout for this processor */
export const nchwcBlockSize = async ({ family }: Pick<Target, 'family'> = CPU): Promise<number | null> =>
  family === 'cpu' ? (known ??= measure()) : null;
