/**
 * Self-test of a device: a small graph of the networks' operators (group norm, convolution, time embedding, layer norm,
 * attention, GEGLU), compared with the same arithmetic in float64.
 */
import { GraphBuilder, type WrittenGraph } from '../graph/onnx/graph-builder.js';
import type { PlainValue, Value } from '../graph/onnx/value.js';
import { operatorsFor } from '../graph/operators/lowerings.js';
import type { LinearRows } from '../graph/operators/operators.js';
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
  upsample,
} from './self-test-reference.js';
import type { SelfTestResult } from './probe-result.js';

/**
 * `inner` is the smallest width of CUDA's GEGLU kernel. 8×8 pixels are 64 tokens: attention kernels that split long sequences
 * have been wrong from 32 tokens on. Heads have 64 channels, as all of SDXL's, and one has 512, as the VAE's: kernels are
 * chosen by it. A prompt has 77 tokens. The first and last convolutions of the networks have 4 and 3 channels.
 */
const SHAPE = { latents: 4, colors: 3, channels: 128, groups: 16, heads: 2, inner: 1280, wide: 512, keys: 77, side: 8 };
const EPSILON = 1e-5;

const { latents, colors, channels, groups, heads, inner, wide, keys, side } = SHAPE;

interface Numbers {
  dims: readonly number[];
  scale: number;
  middle: number;
}

const INPUTS = {
  x: { dims: [1, latents, side, side], scale: 1, middle: 0 },
  row: { dims: [1, channels], scale: 1, middle: 0 },
  prompt: { dims: [keys, channels], scale: 1, middle: 0 },
} as const satisfies Record<string, Numbers>;

/** Constants of the graph, as weights are: CUDA changes the layout of those alone. Gains are near 1, as in a trained network. */
const WEIGHTS = {
  inKernel: { dims: [channels, latents, 3, 3], scale: 0.3, middle: 0 },
  inBias: { dims: [channels], scale: 0.5, middle: 0 },
  normGain: { dims: [channels], scale: 0.2, middle: 1 },
  normShift: { dims: [channels], scale: 0.5, middle: 0 },
  kernel: { dims: [channels, channels, 3, 3], scale: 0.1, middle: 0 },
  bias: { dims: [channels], scale: 0.5, middle: 0 },
  layerGain: { dims: [channels], scale: 0.2, middle: 1 },
  layerShift: { dims: [channels], scale: 0.5, middle: 0 },
  gateWeight: { dims: [2 * inner, channels], scale: 0.15, middle: 0 },
  gateBias: { dims: [2 * inner], scale: 0.5, middle: 0 },
  downWeight: { dims: [channels, inner], scale: 0.1, middle: 0 },
  downBias: { dims: [channels], scale: 0.5, middle: 0 },
  wideWeight: { dims: [wide, channels], scale: 0.2, middle: 0 },
  wideBias: { dims: [wide], scale: 0.5, middle: 0 },
  narrowWeight: { dims: [channels, wide], scale: 0.1, middle: 0 },
  narrowBias: { dims: [channels], scale: 0.5, middle: 0 },
  outKernel: { dims: [colors, channels, 3, 3], scale: 0.1, middle: 0 },
  outBias: { dims: [colors], scale: 0.5, middle: 0 },
} as const satisfies Record<string, Numbers>;

type InputName = keyof typeof INPUTS;
type WeightName = keyof typeof WEIGHTS;

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
  const numbers = selfTestNumbers();
  const session = await openSession(selfTestGraph(target, numbers));
  const { y } = await session.run(inputsOf(numbers));
  await session.close();
  const expected = selfTestReference(numbers);
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

/** Inputs and weights of the graph, by name. */
export type SelfTestNumbers = Readonly<Record<InputName | WeightName, Tensor>>;

export const inputsOf = ({ x, row, prompt }: SelfTestNumbers): Record<InputName, Tensor> => ({ x, row, prompt });

/**
 * A ResNet block, a transformer layer, the VAE's attention, and a level down and up again, with the residual sums and the
 * order of layers that lowerings fuse.
 */
export const selfTestGraph = (target: Target, numbers: SelfTestNumbers): WrittenGraph => {
  const graph = new GraphBuilder();
  const ops = operatorsFor(target, graph);
  const weight = (name: WeightName): PlainValue => ops.constant(name, numbers[name].data, WEIGHTS[name].dims);
  const norm = { channels, groups, epsilon: EPSILON };
  const normalized = (map: Value, options = norm): Value =>
    ops.groupNorm(map, weight('normGain'), weight('normShift'), { ...options, silu: true });
  const linear = (tokens: Value, name: 'down' | 'wide' | 'narrow'): Value =>
    ops.linear(tokens, weight(`${name}Weight`), weight(`${name}Bias`));

  const x = ops.featureMapInput('x', INPUTS.x.dims);
  const row = ops.tensorInput('row', INPUTS.row.dims);
  const prompt = ops.tensorInput('prompt', INPUTS.prompt.dims);
  const first = ops.conv(x, weight('inKernel'), weight('inBias'), { kernel: 3 });

  /* One channel a group, as in the tiny VAE of tests. */
  const odd = normalized(first, { ...norm, groups: channels });
  const convolved = ops.conv(odd, weight('kernel'), weight('bias'), { kernel: 3 });
  const residual = ops.add(first, normalized(ops.addPerChannel(convolved, row)));
  const batch = ops.batchSize(x);
  const tokens = ops.layerNorm(
    ops.toTokens(normalized(residual), channels),
    weight('layerGain'),
    weight('layerShift'),
    EPSILON,
  );
  const options = { channels, heads, causal: false, batch };
  const mixed = ops.attention(tokens, tokens, tokens, options);
  const prompted = ops.add(ops.attention(mixed, prompt, prompt, options), mixed);
  const rows: LinearRows = (start, end) => {
    const slice = (value: PlainValue): PlainValue =>
      graph.node('Slice', [value, graph.integers([start]), graph.integers([end]), graph.integers([0])]);
    return [slice(weight('gateWeight')), slice(weight('gateBias'))];
  };
  const fed = ops.add(linear(ops.gatedGelu(prompted, inner, rows), 'down'), prompted);
  const projected = linear(fed, 'wide');
  const oneHead = { channels: wide, heads: 1, causal: false, batch };
  const attended = linear(ops.attention(projected, projected, projected, oneHead), 'narrow');
  const joined = ops.add(ops.toFeatureMap(attended, residual), residual);

  const halved = ops.conv(normalized(joined), weight('kernel'), weight('bias'), {
    kernel: 3,
    stride: 2,
    pads: [0, 0, 1, 1],
  });
  const restored = ops.add(ops.upsampleTo(halved, joined), joined);
  const last = normalized(ops.add(restored, ops.upsample(halved)));
  const y = ops.conv(last, weight('outKernel'), weight('outBias'), { kernel: 3 });
  ops.featureMapOutput(y, 'y', [1, colors, side, side]);
  /* It has no weight files, so the folder is not used. */
  return graph.finish('self-test', '/', target);
};

/** The same in float64. @returns `y`, [1,colors,side,side] */
export const selfTestReference = (numbers: SelfTestNumbers): Float64Array => {
  const of = (name: InputName | WeightName): Float64Array => new Float64Array(numbers[name].data);
  const size = { channels, side };
  const sum = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, index) => value + (b[index] ?? NaN));
  const norm = { ...size, groups, epsilon: EPSILON };
  const normalized = (map: Float64Array, options = norm): Float64Array =>
    groupNormSilu(map, of('normGain'), of('normShift'), options);
  const affine = (tokens: Float64Array, name: 'down' | 'wide' | 'narrow', width: number): Float64Array => {
    const bias = of(`${name}Bias`);
    return linear(tokens, of(`${name}Weight`), width).map((value, index) => value + (bias[index % bias.length] ?? NaN));
  };

  const first = convolution(of('x'), of('inKernel'), of('inBias'), { channels: latents, side });
  const row = of('row');
  const odd = normalized(first, { ...norm, groups: channels });
  const convolved = convolution(odd, of('kernel'), of('bias'), size);
  const shifted = convolved.map((value, index) => value + (row[Math.floor(index / side ** 2)] ?? NaN));
  const residual = sum(first, normalized(shifted));
  const tokens = layerNorm(toTokens(normalized(residual), size), of('layerGain'), of('layerShift'), {
    channels,
    epsilon: EPSILON,
  });
  const mixed = attention(tokens, tokens, { channels, heads });
  const prompted = sum(attention(mixed, of('prompt'), { channels, heads }), mixed);
  const gated = gatedGelu(linear(prompted, of('gateWeight'), channels), of('gateBias'));
  const fed = sum(affine(gated, 'down', inner), prompted);
  const projected = affine(fed, 'wide', channels);
  const attended = affine(attention(projected, projected, { channels: wide, heads: 1 }), 'narrow', wide);
  const joined = sum(toFeatureMap(attended, size), residual);

  const halved = convolution(normalized(joined), of('kernel'), of('bias'), { ...size, stride: 2 });
  const up = upsample(halved, { side: side / 2 });
  const last = normalized(sum(sum(up, joined), up));
  return convolution(last, of('outKernel'), of('outBias'), size);
};

/** The same numbers on every machine, within about ±`scale` of `middle`. */
export const selfTestNumbers = (): SelfTestNumbers => {
  let state = 1;
  /* Numerical Recipes' generator (Press et al. 2007, 7.1.5): 32 bits, exact in JavaScript's integers. */
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  const drawn = Object.entries<Numbers>({ ...INPUTS, ...WEIGHTS }).map(([name, { dims, scale, middle }]) => [
    name,
    tensor(
      Float32Array.from({ length: sizeOf(dims) }, () => middle + scale * next()),
      dims,
    ),
  ]);
  return Object.fromEntries(drawn) as SelfTestNumbers;
};
