/**
 * A small graph made of what the networks are made of (group normalization, convolution, a row added to every pixel, layer
 * normalization, attention), run on a device and compared with the same arithmetic in float64.
 */
import { GraphBuilder, type Value, type WrittenGraph } from '../graph/onnx/graph-builder.js';
import { operatorsFor } from '../graph/operators/lowerings.js';
import { CPU, type Target } from '../graph/operators/target.js';
import { openNetwork } from '../runtime/session.js';
import { sizeOf, tensor, type Tensor } from '../../tensor/tensor.js';
import {
  attention,
  convolution,
  gatedGelu,
  groupNormSilu,
  layerNorm,
  linear,
  toPicture,
  toTokens,
} from './self-test-reference.js';
import type { SelfTestResult } from './probe-result.js';

/**
 * The width of the gated layer is the least that CUDA's kernel for it takes. 8×8 are 64 tokens: kernels of attention that split long sequences have been wrong from 32 on. Heads are 64 wide, as all of
 * SDXL's are: kernels are chosen by it.
 */
export const SHAPE = { channels: 128, groups: 16, heads: 2, inner: 1280, side: 8, epsilon: 1e-5 };

const { channels, groups, heads, inner, side, epsilon } = SHAPE;

/** In the order in which their numbers are drawn; the gains are near 1, as a trained network's are. */
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
 * Measured on the CPU: under 5e-6; in half precision: 4e-3. A wrong kernel is off by 0.1 and more. CUDA multiplies float32 in
 * TF32, whose fractions are as short as binary16's, and CoreML may compute in half precision whatever it is asked.
 */
const TOLERANCES = { cpu: 1e-4, webgpu: 1e-3, dml: 1e-3, cuda: 2e-2, coreml: 5e-2 } as const;
const HALF_TOLERANCE = 5e-2;

const toleranceOf = ({ family, precision }: Target): number =>
  precision === 'fp16' ? HALF_TOLERANCE : TOLERANCES[family];

/** @throws SESSION_CREATE SESSION_RUN */
export const runSelfTest = async (target: Target = CPU): Promise<SelfTestResult> => {
  const start = performance.now();
  const inputs = selfTestInputs();
  const network = await openNetwork(selfTestGraph(target));
  const { y } = await network.run(inputs);
  await network.close();
  const expected = selfTestReference(inputs);
  /* A missing number or one that is none makes the difference infinite, and so fails the test. */
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
  const rows = (name: InputName): Value => ops.rowsIn(name, INPUTS[name].dims);
  const x = ops.pictureIn('x', INPUTS.x.dims);
  const [gain, shift] = [rows('normGain'), rows('normShift')];
  const norm = { channels, groups, epsilon };
  const first = ops.groupNorm(x, gain, shift, { ...norm, silu: true });
  const local = ops.conv(first, rows('kernel'), rows('bias'), {
    kernel: 3,
  });
  const second = ops.groupNorm(ops.addToPixels(local, rows('row')), gain, shift, { ...norm, silu: true });
  const tokens = ops.layerNorm(ops.toTokens(second, channels), rows('layerGain'), rows('layerShift'), epsilon);
  const mixed = ops.attention(tokens, tokens, tokens, { channels, heads, causal: false, batch: ops.batchOf(x) });
  const [weight, bias] = [rows('gateWeight'), rows('gateBias')];
  const part = (value: Value, start: number, end: number): Value =>
    graph.node('Slice', [value, graph.integers([start]), graph.integers([end]), graph.integers([0])]);
  const gated = ops.gatedGelu(mixed, inner, (start, end) => [part(weight, start, end), part(bias, start, end)]);
  const told = ops.add(ops.linear(gated, rows('downWeight'), null), mixed);
  ops.pictureOut(ops.add(x, ops.toPicture(told, x)), 'y', INPUTS.x.dims);
  /* It has no weights, so no folder is looked into. */
  return graph.finish('self-test', '/', target);
};

/** In float64. @returns as `y`: [1,channels,side,side] */
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
  const told = toPicture(
    mixed.map((value, index) => value + (down[index] ?? NaN)),
    size,
  );
  return of('x').map((value, index) => value + (told[index] ?? NaN));
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
