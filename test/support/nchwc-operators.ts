/** Tests of operators in the NCHWc layout; skipped where ONNX Runtime has no such layout for this processor. */
import { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import { GraphBuilder } from '#src/onnx/graph/onnx/graph-builder.js';
import type { PlainValue, Value } from '#src/onnx/graph/onnx/value.js';
import type { LinearWeight } from '#src/onnx/graph/operators/operators.js';
import { nchwcBlockSize } from '#src/onnx/runtime/nchwc-block-size.js';
import { openSession } from '#src/onnx/runtime/session.js';
import { sizeOf, tensor, type Tensor } from '#src/tensor/tensor.js';
import { maxDifference } from './golden.js';
import { skipWhere } from './skip-where.js';

const size = await nchwcBlockSize();

/** Channels of an NCHWc block; 0 where every test is skipped. */
export const blockSize = size ?? 0;
export const { it: testNchwc } = skipWhere(
  size === null ? 'ONNX Runtime has no NCHWc layout for this processor' : null,
);

/** Numbers with no pattern that an error could hide in. */
export const numbers = (...dims: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(dims) }, (_, index) => Math.sin(dims.length + index * 78.233)),
    dims,
  );

type Write = (ops: CpuOperators, x: Value) => Value;

/** @param rank of `x` @param block channels of an NCHWc block; null: plain operators */
export const open = async (
  rank: number,
  block: number | null,
  write: Write,
): Promise<{ run: (x: Tensor) => Promise<Tensor>; close: () => Promise<void> }> => {
  const ops = new CpuOperators(new GraphBuilder(), 'fp32', block);
  const dims = (of: string): string[] => Array.from({ length: rank }, (_, axis) => `${of}${axis}`);
  ops.tensorOutput(write(ops, ops.tensorInput('x', dims('x'))), 'y', dims('y'));
  const network = await openSession(ops.graph.finish('test', '/'));
  const runOnce = async (x: Tensor): Promise<Tensor> => {
    const { y } = await network.run({ x });
    return y!;
  };
  return { run: runOnce, close: () => network.close() };
};

export const run = async (x: Tensor, block: number | null, write: Write): Promise<Tensor> => {
  const network = await open(x.dims.length, block, write);
  const y = await network.run(x);
  await network.close();
  return y;
};

/** Expects equal results in the NCHWc layout and without. */
export const expectSame = async (x: Tensor, write: Write): Promise<void> => {
  const [nchwc, plain] = [await run(x, blockSize, write), await run(x, null, write)];
  expect(nchwc.dims).toEqual(plain.dims);
  expect(maxDifference(nchwc.data, plain.data)).toBeLessThan(1e-4);
};

export const given = (ops: CpuOperators, key: string, ...dims: number[]): PlainValue =>
  ops.graph.floats(key, numbers(...dims).data, dims);

export const matrix = (ops: CpuOperators, key: string, outFeatures: number, inFeatures: number): LinearWeight => ({
  ...given(ops, key, outFeatures, inFeatures),
  features: [inFeatures, outFeatures],
});
