/**
 * A device's self-test: one block of what the networks are made of (group normalization with SiLU, a convolution, layer
 * normalization, attention over 64 tokens, a residual), written by the graph builder and compared with float64 arithmetic.
 */
import { CpuOperators } from '../graph/cpu-operators.js';
import { GraphBuilder, type Value, type WrittenGraph } from '../graph/graph-builder.js';
import { openNetwork } from '../runtime/network.js';
import { sizeOf, tensor, type Tensor } from '../tensor/tensor.js';
import type { SelfTestResult } from './report.js';
import { attention, convolution, groupNormSilu, layerNorm, toPicture, toTokens } from './self-test-reference.js';

/** 8×8 are 64 tokens: kernels of attention that split long sequences have been wrong from 32 on. */
export const SHAPE = { channels: 16, groups: 4, heads: 2, side: 8, epsilon: 1e-5 };

const { channels, groups, heads, side, epsilon } = SHAPE;

/** In the order in which their numbers are drawn; the gains are near 1, as a trained network's are. */
const INPUTS = {
  x: { dims: [1, channels, side, side], scale: 1, middle: 0 },
  normGain: { dims: [channels], scale: 0.2, middle: 1 },
  normShift: { dims: [channels], scale: 0.5, middle: 0 },
  kernel: { dims: [channels, channels, 3, 3], scale: 0.3, middle: 0 },
  bias: { dims: [channels], scale: 0.5, middle: 0 },
  layerGain: { dims: [channels], scale: 0.2, middle: 1 },
  layerShift: { dims: [channels], scale: 0.5, middle: 0 },
} as const;

type InputName = keyof typeof INPUTS;
const NAMES = Object.keys(INPUTS) as InputName[];

/** Measured on the CPU: under 3e-6. A wrong kernel is off by 0.01 and more. */
const TOLERANCE = 1e-4;

/** @throws SESSION_CREATE SESSION_RUN */
export const runSelfTest = async (): Promise<SelfTestResult> => {
  const start = performance.now();
  const inputs = selfTestInputs();
  const network = await openNetwork(selfTestGraph());
  const { y } = await network.run(inputs);
  await network.close();
  const expected = selfTestReference(inputs);
  /* A missing number or one that is none makes the difference infinite, and so fails the test. */
  const differences = Array.from(expected, (value, index) => Math.abs(value - (y?.data[index] ?? Infinity)));
  const worst = Math.max(...differences.map((difference) => (Number.isNaN(difference) ? Infinity : difference)));
  return {
    max_error: Math.min(worst, Number.MAX_VALUE),
    tolerance: TOLERANCE,
    duration_ms: Math.round(performance.now() - start),
  };
};

export const selfTestGraph = (): WrittenGraph => {
  const graph = new GraphBuilder();
  const ops = new CpuOperators(graph);
  const at = (name: InputName): Value => graph.input(name, 'F32', INPUTS[name].dims);
  const x = at('x');
  const normal = ops.groupNorm(x, at('normGain'), at('normShift'), { channels, groups, epsilon, silu: true });
  const local = ops.conv(normal, at('kernel'), at('bias'), { kernel: 3 });
  const tokens = ops.layerNorm(ops.toTokens(local, channels), at('layerGain'), at('layerShift'), epsilon);
  const mixed = ops.attention(tokens, tokens, tokens, { channels, heads, causal: false, batch: ops.batchOf(x) });
  graph.output(ops.add(x, ops.toPicture(mixed, x)), 'y', INPUTS.x.dims);
  /* It has no weights, so no folder is looked into. */
  return graph.finish('self-test', '/');
};

/** In float64. @returns as `y`: [1,channels,side,side] */
export const selfTestReference = (inputs: Readonly<Record<InputName, Tensor>>): Float64Array => {
  const of = (name: InputName): Float64Array => Float64Array.from(inputs[name].data);
  const size = { channels, side };
  const normal = groupNormSilu(of('x'), of('normGain'), of('normShift'), { ...size, groups, epsilon });
  const local = convolution(normal, of('kernel'), of('bias'), size);
  const tokens = layerNorm(toTokens(local, size), of('layerGain'), of('layerShift'), { channels, epsilon });
  const mixed = toPicture(attention(tokens, { channels, heads }), size);
  return of('x').map((value, index) => value + (mixed[index] ?? 0));
};

/** The same numbers on every machine, within about ±`scale` of `middle`. */
export const selfTestInputs = (): Record<InputName, Tensor> => {
  let state = 1;
  /* Numerical Recipes' generator (Press et al. 2007, 7.1.5): 32 bits, exact in JavaScript's integers. */
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  const drawn = NAMES.map((name) => {
    const { dims, scale, middle } = INPUTS[name];
    return [
      name,
      tensor(
        Float32Array.from({ length: sizeOf(dims) }, () => middle + scale * next()),
        dims,
      ),
    ];
  });
  return Object.fromEntries(drawn) as Record<InputName, Tensor>;
};
