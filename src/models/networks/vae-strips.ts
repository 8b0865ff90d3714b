/**
 * The VAE over row strips, for large images: everything above the lowest resolution as steps of one convolution each. Group
 * normalization needs mean and variance over the whole feature map, so each step outputs the statistics of its strips, and the
 * next step takes their sum. The result equals that of the whole image up to rounding.
 */
import type { Value } from '../../onnx/graph/onnx/value.js';
import { conv, vaeConv } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import type { VaeConfig } from './vae-config.js';
import { decoderLowResolution, DOWNSAMPLE, EPSILON, writeEncoderLowResolution } from './vae.js';

/** A convolution with the operators around it. */
export interface StripStep {
  /** Layer name: `decoder.up_blocks.1.resnets.0.conv1`. */
  conv: string;
  inChannels: number;
  outChannels: number;
  /** Layer name of the group norm (with SiLU) before it; null: none. */
  norm: string | null;
  /** Nearest-neighbour upsampling before it, or stride 2. */
  resample: 'upsample' | 'downsample' | null;
  /** In a ResNet block: adds the input of the previous step, through the 1×1 convolution `shortcut` if it has one. */
  residual: { channels: number; shortcut: string | null } | null;
}

/** Names of a step's inputs and outputs. */
export const STRIP = {
  /** f32 [1,inChannels,h,w]: the strip with the rows above and below it that the convolution needs. */
  rows: 'rows',
  /** f32 [inChannels] each: of the channel's group, over the whole feature map. */
  mean: 'mean',
  variance: 'variance',
  /** int64 [8] of ONNX `Pad`: rows of zeros at the top and bottom of the feature map. */
  edges: 'edges',
  /** f32 [1,channels,h,w] */
  residual: 'residual',
  /** f32 [1,outChannels,h,w] */
  strip: 'strip',
  /** f32 [outChannels] each: the channel's mean over the strip, and the sum of squared deviations from it. */
  channelMean: 'channel_mean',
  squaredDeviations: 'squared_deviations',
} as const;

/** f32 [1,C,h,w]: the feature map between the strips and the lowest resolution. */
export const LOW_RESOLUTION = 'low_resolution';

/** Output rows on each side of a strip that are computed from padding, and cropped. */
export const marginRows = ({ resample }: StripStep): number => (resample === 'upsample' ? 2 : 1);

export const encoderSteps = ({ channels, layers }: VaeConfig): StripStep[] => {
  const [first = 0] = channels;
  const steps: StripStep[] = [plain('encoder.conv_in', 3, first)];
  let inChannels = first;
  for (const [index, outChannels] of channels.slice(0, -1).entries()) {
    const at = `encoder.down_blocks.${index}`;
    steps.push(...resnets(at, inChannels, outChannels, layers));
    steps.push({ ...plain(`${at}.downsamplers.0.conv`, outChannels, outChannels), resample: 'downsample' });
    inChannels = outChannels;
  }
  return steps;
};

export const decoderSteps = ({ channels, layers }: VaeConfig): StripStep[] => {
  const [first = 0, ...rest] = [...channels].reverse();
  const steps: StripStep[] = [];
  let inChannels = first;
  for (const [index, outChannels] of rest.entries()) {
    const upsampler = `decoder.up_blocks.${index}.upsamplers.0.conv`;
    steps.push({ ...plain(upsampler, inChannels, inChannels), resample: 'upsample' });
    steps.push(...resnets(`decoder.up_blocks.${index + 1}`, inChannels, outChannels, layers + 1));
    inChannels = outChannels;
  }
  return [...steps, { ...plain('decoder.conv_out', inChannels, 3), norm: 'decoder.conv_norm_out' }];
};

const plain = (name: string, inChannels: number, outChannels: number): StripStep => ({
  conv: name,
  inChannels,
  outChannels,
  norm: null,
  resample: null,
  residual: null,
});

const resnets = (at: string, inChannels: number, outChannels: number, layers: number): StripStep[] =>
  Array.from({ length: layers }, (_, layer): StripStep[] => {
    const block = `${at}.resnets.${layer}`;
    const channels = layer === 0 ? inChannels : outChannels;
    const shortcut = channels === outChannels ? null : `${block}.conv_shortcut`;
    return [
      { ...plain(`${block}.conv1`, channels, outChannels), norm: `${block}.norm1` },
      { ...plain(`${block}.conv2`, outChannels, outChannels), norm: `${block}.norm2`, residual: { channels, shortcut } },
    ];
  }).flat();

/** For the CPU, whose feature maps are NCHW. */
export const writeStripStep = (root: LayerScope, step: StripStep): void => {
  const { ops } = root;
  const { graph } = ops;
  let hidden = ops.featureMapInput(STRIP.rows, [1, step.inChannels, 'rows_in', 'width_in']);
  if (step.norm !== null) hidden = ops.silu(normalize(root.at(step.norm), hidden, step.inChannels));
  if (step.resample === 'upsample') hidden = ops.upsample(hidden);
  hidden = graph.node('Pad', [hidden, graph.input(STRIP.edges, 'I64', [8])]);
  const [scope, channels] = [root.at(step.conv), [step.inChannels, step.outChannels] as const];
  if (step.resample === 'downsample') {
    /* The input has the row below the strip already: from the feature map, or zeros from `edges`. */
    hidden = conv(scope, hidden, channels, { ...DOWNSAMPLE, pads: [0, 0, 0, 1] });
  } else {
    hidden = vaeConv(scope, hidden, channels);
    const margin = marginRows(step);
    hidden = graph.node('Slice', [hidden, ...[margin, -margin, 2].map((at) => graph.integers([at]))]);
  }
  const strip = step.residual === null ? hidden : ops.add(residual(root, step.residual, step.outChannels), hidden);
  ops.featureMapOutput(strip, STRIP.strip, [1, step.outChannels, 'rows', 'width']);
  const axes = graph.integers([0, 2, 3]);
  const mean = graph.node('ReduceMean', [strip, axes], { keepdims: 1 });
  const deviation = graph.node('Sub', [strip, mean]);
  const perChannel = graph.integers([step.outChannels]);
  ops.tensorOutput(graph.node('Reshape', [mean, perChannel]), STRIP.channelMean, [step.outChannels]);
  ops.tensorOutput(graph.node('ReduceSumSquare', [deviation, axes], { keepdims: 0 }), STRIP.squaredDeviations, [step.outChannels]);
};

/** Given its statistics, group normalization is ONNX's BatchNormalization, which reads the feature map once. */
const normalize = (at: LayerScope, x: Value, channels: number): Value => {
  const [gamma, beta] = [at.weight('weight', [channels]), at.weight('bias', [channels])];
  const [mean, variance] = [at.ops.tensorInput(STRIP.mean, [channels]), at.ops.tensorInput(STRIP.variance, [channels])];
  const options = { epsilon: { float: EPSILON } };
  return at.ops.graph.node('BatchNormalization', [x, gamma, beta, mean, variance], options);
};

const residual = (root: LayerScope, from: NonNullable<StripStep['residual']>, outChannels: number): Value => {
  const x = root.ops.featureMapInput(STRIP.residual, [1, from.channels, 'rows', 'width']);
  return from.shortcut === null ? x : conv(root.at(from.shortcut), x, [from.channels, outChannels], { kernel: 1 });
};

/** Writes the network from latents to the input of the decoder's first step. */
export const writeLowResolutionDecoder = (root: LayerScope, config: VaeConfig): void => {
  root.ops.featureMapOutput(decoderLowResolution(root, config), LOW_RESOLUTION, [1, config.channels.at(-1) ?? 0, 'height', 'width']);
};

/** Writes the network from the output of the encoder's last step to moments. */
export const writeLowResolutionEncoder = (root: LayerScope, config: VaeConfig): void => {
  writeEncoderLowResolution(root, root.ops.featureMapInput(LOW_RESOLUTION, [1, config.channels.at(-2) ?? 0, 'height', 'width']), config);
};
