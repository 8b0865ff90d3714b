/**
 * Self-test of a device: a small graph of the networks' operators (group norm, convolution, time embedding, layer norm,
 * attention, GEGLU), compared with the same arithmetic in float64.
 */
import { GraphBuilder, type WrittenGraph } from '../graph/onnx/graph-builder.js';
import type { PlainValue } from '../graph/onnx/value.js';
import { operatorsFor } from '../graph/operators/lowerings.js';
import { CPU, type Target } from '../graph/operators/target.js';
import { openSession } from '../runtime/session.js';
import { sizeOf, tensor, type Tensor } from '../../tensor/tensor.js';
import {
  attention,
  convolution,
  gatedGelu,
  groupNormSilu,
  layerNorm,
  linear,
  toFeatureMap,
  toTokens,
} from './self-test-reference.js';
import type { SelfTestResult } from './probe-result.js';

/**
 * `inner` is the smallest width of CUDA's GEGLU kernel. 8×8 pixels are 64 tokens: attention kernels that split long sequences
 * have been wrong from 32 tokens on. Heads have 64 channels, as all of SDXL's: kernels are chosen by it.
 */
export const SHAPE = { channels: 128, groups: 16, heads: 2, inner: 1280, side: 8, epsilon: 1e-5 };

const { channels, groups, heads, inner, side, epsilon } = SHAPE;

/** In the order of drawing. Gains are near 1, as in a trained network. */
const INPUTS = {
  x: { dims: [1, channels, side, side], scale: 1, middle: 0 },
  normGain: { dims: [channels], scale: 0.2, middle: 1 },
  normShift: { dims: [channels], scale: 0.5, middle: 0 },
  kernel: { dims: [channels, channels, 3, 3], scale: 0.1, middle: 0 },
  bias: { dims: [channels], scale: 0.5, middle: 0 },
  row: { dims: [1, channels], scale: 1, middle: 0 },
  layerGain: { dims: [channels], scale: 0.2, middle: 1 },
  layerShift: { dims: [channels], scale: 0.5, middle: 0 },
  gateWeight: { dims: [2 * inner, channels], scale: 0.15, middle: 0 },
  gateBias: { dims: [2 * inner], scale: 0.5, middle: 0 },
  downWeight: { dims: [channels, inner], scale: 0.1, middle: 0 },
} as const;

type InputName = keyof typeof INPUTS;
const NAMES = Object.keys(INPUTS) as InputName[];

/**
 * Measured: under 5e-6 on the CPU, 4e-3 in half precision. A wrong kernel is off by 0.1 and more. CUDA multiplies float32 in
 * TF32, whose mantissa is as short as binary16's, and CoreML may compute float32 in half precision.
 */
const TOLERANCES = { cpu: 1e-4, webgpu: 1e-3, dml: 1e-3, cuda: 2e-2, coreml: 5e-2 } as const;
const HALF_TOLERANCE = 5e-2;

const toleranceOf = ({ family, precision }: Target): number =>
  precision === 'fp16' ? HALF_TOLERANCE : TOLERANCES[family];

/** @throws SESSION_CREATE SESSION_RUN */
export const runSelfTest = async (target: Target = CPU): Promise<SelfTestResult> => {
  const start = performance.now();
  const inputs = selfTestInputs();
  const session = await openSession(selfTestGraph(target));
  const { y } = await session.run(inputs);
  await session.close();
  const expected = selfTestReference(inputs);
  /* A missing number or NaN makes the difference infinite, and the test fails. */
  const worst = expected.reduce((largest, value, index) => {
    const difference = Math.abs(value - (y?.data[index] ?? Infinity));
    return Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
  }, 0);
  return {
    max_error: Math.min(worst, Number.MAX_VALUE),
    tolerance: toleranceOf(target),
    duration_ms: Math.round(performance.now() - start),
  };
};

export const selfTestGraph = (target: Target = CPU): WrittenGraph => {
  const graph = new GraphBuilder();
  const ops = operatorsFor(target, graph);
  const input = (name: InputName): PlainValue => ops.tensorInput(name, INPUTS[name].dims);
  const x = ops.featureMapInput('x', INPUTS.x.dims);
  const [gain, shift] = [input('normGain'), input('normShift')];
  const norm = { channels, groups, epsilon };
  const first = ops.groupNorm(x, gain, shift, { ...norm, silu: true });
  const local = ops.conv(first, input('kernel'), input('bias'), {
    kernel: 3,
  });
  const second = ops.groupNorm(ops.addPerChannel(local, input('row')), gain, shift, { ...norm, silu: true });
  const tokens = ops.layerNorm(ops.toTokens(second, channels), input('layerGain'), input('layerShift'), epsilon);
  const mixed = ops.attention(tokens, tokens, tokens, { channels, heads, causal: false, batch: ops.batchSize(x) });
  const [weight, bias] = [input('gateWeight'), input('gateBias')];
  const slice = (value: PlainValue, start: number, end: number): PlainValue =>
    graph.node('Slice', [value, graph.integers([start]), graph.integers([end]), graph.integers([0])]);
  const gated = ops.gatedGelu(mixed, inner, (start, end) => [slice(weight, start, end), slice(bias, start, end)]);
  const tokensOut = ops.add(ops.linear(gated, input('downWeight'), null), mixed);
  ops.featureMapOutput(ops.add(x, ops.toFeatureMap(tokensOut, x)), 'y', INPUTS.x.dims);
  /* It has no weight files, so the folder is not used. */
  return graph.finish('self-test', '/', target);
};

/** The same in float64. @returns `y`, [1,channels,side,side] */
export const selfTestReference = (inputs: Readonly<Record<InputName, Tensor>>): Float64Array => {
  const of = (name: InputName): Float64Array => Float64Array.from(inputs[name].data);
  const size = { channels, side };
  const normal = (x: Float64Array): Float64Array =>
    groupNormSilu(x, of('normGain'), of('normShift'), { ...size, groups, epsilon });
  const local = convolution(normal(of('x')), of('kernel'), of('bias'), size);
  const row = of('row');
  const second = normal(local.map((value, index) => value + (row[Math.floor(index / side ** 2)] ?? NaN)));
  const tokens = layerNorm(toTokens(second, size), of('layerGain'), of('layerShift'), { channels, epsilon });
  const mixed = attention(tokens, { channels, heads });
  const gated = gatedGelu(linear(mixed, of('gateWeight'), channels), of('gateBias'));
  const down = linear(gated, of('downWeight'), inner);
  const output = toFeatureMap(
    mixed.map((value, index) => value + (down[index] ?? NaN)),
    size,
  );
  return of('x').map((value, index) => value + (output[index] ?? NaN));
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
