/**
 * The autoencoder for large pictures: all but its coarsest level as steps of one convolution each, which are run over bands
 * of rows. A group normalization needs the whole picture, but only two numbers a group of it: each step gives the statistics
 * of its output, and the next is told them. So bands give what the whole gives.
 */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import { conv, largeConv } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import type { VaeConfig } from './vae-config.js';
import { decoderStart, EPSILON, HALVING, writeEncoderEnd } from './vae.js';

/** A convolution, with what stands before and after it in a band. */
export interface BandStep {
  /** Where its tensors are: `decoder.up_blocks.1.resnets.0.conv1`. */
  conv: string;
  inner: number;
  outer: number;
  /** Group normalization and SiLU before it; null: none. */
  norm: string | null;
  /** Doubles the rows before, or halves them with its stride. */
  resample: 'double' | 'halve' | null;
  /** What is added after it: nothing, or the input of the step before (a ResNet block's), by way of a 1×1 convolution if named. */
  residual: { channels: number; shortcut: string | null } | null;
}

/** Names of a step's inputs and outputs. */
export const BAND = {
  /** f32 [1,inner,h,w]: the band and the rows around it that the convolution sees. */
  rows: 'rows',
  /** f32 [inner] each, of the group a channel belongs to, over the whole picture. */
  mean: 'mean',
  variance: 'variance',
  /** int64 [8] of ONNX `Pad`: rows of zeros where the picture ends. */
  edges: 'edges',
  /** f32 [1,channels,h,w] */
  residual: 'residual',
  /** f32 [1,outer,h,w], the band alone. */
  band: 'band',
  /** f32 [outer] each, of each channel over the band: its mean, and the sum of the squared distances from it. */
  channelMean: 'channel_mean',
  spread: 'spread',
} as const;

/** f32 [1,C,h,w]: between the bands and the coarsest level. */
export const COARSE = 'coarse';

/** Rows around a band, and on each side of it, that a step's convolution is given and whose results are cut off. */
export const marginOf = ({ resample }: BandStep): number => (resample === 'double' ? 2 : 1);

export const encoderSteps = ({ channels, layers }: VaeConfig): BandStep[] => {
  const [first = 0] = channels;
  const steps: BandStep[] = [plain('encoder.conv_in', 3, first)];
  let inner = first;
  for (const [index, outer] of channels.slice(0, -1).entries()) {
    const at = `encoder.down_blocks.${index}`;
    steps.push(...resnets(at, inner, outer, layers));
    steps.push({ ...plain(`${at}.downsamplers.0.conv`, outer, outer), resample: 'halve' });
    inner = outer;
  }
  return steps;
};

export const decoderSteps = ({ channels, layers }: VaeConfig): BandStep[] => {
  const [first = 0, ...rest] = [...channels].reverse();
  const steps: BandStep[] = [];
  let inner = first;
  for (const [index, outer] of rest.entries()) {
    const upsampler = `decoder.up_blocks.${index}.upsamplers.0.conv`;
    steps.push({ ...plain(upsampler, inner, inner), resample: 'double' });
    steps.push(...resnets(`decoder.up_blocks.${index + 1}`, inner, outer, layers + 1));
    inner = outer;
  }
  return [...steps, { ...plain('decoder.conv_out', inner, 3), norm: 'decoder.conv_norm_out' }];
};

const plain = (name: string, inner: number, outer: number): BandStep => ({
  conv: name,
  inner,
  outer,
  norm: null,
  resample: null,
  residual: null,
});

const resnets = (at: string, inner: number, outer: number, layers: number): BandStep[] =>
  Array.from({ length: layers }, (_, layer): BandStep[] => {
    const block = `${at}.resnets.${layer}`;
    const channels = layer === 0 ? inner : outer;
    const shortcut = channels === outer ? null : `${block}.conv_shortcut`;
    return [
      { ...plain(`${block}.conv1`, channels, outer), norm: `${block}.norm1` },
      { ...plain(`${block}.conv2`, outer, outer), norm: `${block}.norm2`, residual: { channels, shortcut } },
    ];
  }).flat();

/** Channels first, and so for the CPU. */
export const writeBandStep = (root: LayerScope, step: BandStep): void => {
  const { ops } = root;
  const { graph } = ops;
  let hidden = ops.pictureIn(BAND.rows, [1, step.inner, 'rows_in', 'width_in']);
  if (step.norm !== null) hidden = ops.silu(normalize(root.at(step.norm), hidden, step.inner));
  if (step.resample === 'double') hidden = ops.upsample(hidden);
  hidden = graph.node('Pad', [hidden, graph.input(BAND.edges, 'I64', [8])]);
  const halves = step.resample === 'halve';
  const [scope, channels] = [root.at(step.conv), [step.inner, step.outer] as const];
  if (halves) {
    /* Rows are padded above: what is below the band is there, or zeros are. */
    hidden = conv(scope, hidden, channels, { ...HALVING, pads: [0, 0, 0, 1] });
  } else {
    hidden = largeConv(scope, hidden, channels);
    const margin = marginOf(step);
    hidden = graph.node('Slice', [hidden, ...[margin, -margin, 2].map((at) => graph.integers([at]))]);
  }
  const band = step.residual === null ? hidden : ops.add(residual(root, step.residual, step.outer), hidden);
  ops.pictureOut(band, BAND.band, [1, step.outer, 'rows', 'width']);
  const axes = graph.integers([0, 2, 3]);
  const mean = graph.node('ReduceMean', [band, axes], { keepdims: 1 });
  const distance = graph.node('Sub', [band, mean]);
  const perChannel = graph.integers([step.outer]);
  ops.rowsOut(graph.node('Reshape', [mean, perChannel]), BAND.channelMean, [step.outer]);
  ops.rowsOut(graph.node('ReduceSumSquare', [distance, axes], { keepdims: 0 }), BAND.spread, [step.outer]);
};

/** With statistics that are given, ONNX's batch normalization is group normalization, in one pass over the numbers. */
const normalize = (at: LayerScope, x: Value, channels: number): Value => {
  const [gamma, beta] = [at.weight('weight', [channels]), at.weight('bias', [channels])];
  const [mean, variance] = [at.ops.rowsIn(BAND.mean, [channels]), at.ops.rowsIn(BAND.variance, [channels])];
  const options = { epsilon: { float: EPSILON } };
  return at.ops.graph.node('BatchNormalization', [x, gamma, beta, mean, variance], options);
};

const residual = (root: LayerScope, from: NonNullable<BandStep['residual']>, outer: number): Value => {
  const x = root.ops.pictureIn(BAND.residual, [1, from.channels, 'rows', 'width']);
  return from.shortcut === null ? x : conv(root.at(from.shortcut), x, [from.channels, outer], { kernel: 1 });
};

/** Latents to what the decoder's first step takes. */
export const writeBandedDecoderStart = (root: LayerScope, config: VaeConfig): void => {
  root.ops.pictureOut(decoderStart(root, config), COARSE, [1, config.channels.at(-1) ?? 0, 'height', 'width']);
};

/** What the encoder's last step gives to moments. */
export const writeBandedEncoderEnd = (root: LayerScope, config: VaeConfig): void => {
  writeEncoderEnd(root, root.ops.pictureIn(COARSE, [1, config.channels.at(-2) ?? 0, 'height', 'width']), config);
};
