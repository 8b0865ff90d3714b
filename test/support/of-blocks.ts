/** Tests of channels in blocks: skipped where ONNX Runtime has no such layout for this processor. */
import { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import { GraphBuilder, type Value } from '#src/onnx/graph/onnx/graph-builder.js';
import type { Matrix } from '#src/onnx/graph/operators/operators.js';
import { blockSize } from '#src/onnx/runtime/nchwc-block-size.js';
import { openNetwork } from '#src/onnx/runtime/session.js';
import { sizeOf, tensor, type Tensor } from '#src/tensor/tensor.js';
import { maxDifference } from './golden.js';
import { skipWhere } from './skip-where.js';

const size = await blockSize();

/** Channels of a block; of a processor without, what nobody uses. */
export const block = size ?? 0;
export const { it: testOfBlocks } = skipWhere(
  size === null ? 'ONNX Runtime has no blocked layout for this processor' : null,
);

/** Numbers with no pattern that an error could hide in. */
export const numbers = (...dims: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(dims) }, (_, index) => Math.sin(dims.length + index * 78.233)),
    dims,
  );

type Write = (ops: CpuOperators, x: Value) => Value;

/** @param rank of `x` @param blocks channels of one; null: plain operators */
export const open = async (
  rank: number,
  blocks: number | null,
  write: Write,
): Promise<{ run: (x: Tensor) => Promise<Tensor>; close: () => Promise<void> }> => {
  const ops = new CpuOperators(new GraphBuilder(), 'fp32', blocks);
  const dims = (of: string): string[] => Array.from({ length: rank }, (_, axis) => `${of}${axis}`);
  ops.rowsOut(write(ops, ops.rowsIn('x', dims('x'))), 'y', dims('y'));
  const network = await openNetwork(ops.graph.finish('test', '/'));
  const runOnce = async (x: Tensor): Promise<Tensor> => {
    const { y } = await network.run({ x });
    return y!;
  };
  return { run: runOnce, close: () => network.close() };
};

export const run = async (x: Tensor, blocks: number | null, write: Write): Promise<Tensor> => {
  const network = await open(x.dims.length, blocks, write);
  const y = await network.run(x);
  await network.close();
  return y;
};

/** With blocks and without. */
export const expectSame = async (x: Tensor, write: Write): Promise<void> => {
  const [blocked, plain] = [await run(x, block, write), await run(x, null, write)];
  expect(blocked.dims).toEqual(plain.dims);
  expect(maxDifference(blocked.data, plain.data)).toBeLessThan(1e-4);
};

export const given = (ops: CpuOperators, key: string, ...dims: number[]): Value =>
  ops.graph.floats(key, numbers(...dims).data, dims);

export const matrix = (ops: CpuOperators, key: string, outer: number, inner: number): Matrix => ({
  ...given(ops, key, outer, inner),
  features: [inner, outer],
});
