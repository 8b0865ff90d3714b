/**
 * SDXL's UNet with `text_time` conditioning, base and refiner alike (diffusers 0.42
 * models/unets/unet_2d_condition.py and unet_2d_blocks.py; Podell et al. 2023, arXiv:2307.01952, §2).
 */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import type { Operators } from '../../onnx/graph/operators/operators.js';
import { conv, groupNorm, levelConv, linear } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import { keysGiven, keysMade, PROMPT, type PromptKeys } from './cross-attention-cache.js';
import { resnetBlock } from './resnet-block.js';
import { transformer } from './transformer.js';
import type { UnetBlock, UnetConfig } from './unet-config.js';

/** Names of the inputs and outputs. Batch, height and width are dynamic. */
export const UNET = {
  /** f32 [B,4,H/8,W/8], scaled for the timestep by the scheduler. */
  sample: 'sample',
  /** f32 [B,timestepWidth]: sinusoid of the timestep, made by the host since devices' sines differ. */
  timestep: 'timestep_sinusoid',
  prompt: PROMPT,
  /** f32 [B,additionWidth]: pooled text embedding, then the sinusoids of the time ids. */
  addition: 'added_condition',
  /** f32 [B,4,H/8,W/8] */
  prediction: 'noise_prediction',
} as const;

/** The first two blocks of the way up, where FreeU works. */
const FREEU_STAGES = 2;

/** Inputs of the network with FreeU, for one of its stages (diffusion/unet/freeu.ts). */
export const FREEU = (stage: number): { names: Readonly<Record<'gain' | 'analysis' | 'synthesis', string>> } => ({
  names: {
    /** f32 [1]: what the first half of what comes up is multiplied by, less 1. */
    gain: `freeu_gain_${stage}`,
    /** f32 [h·w,n] and [n,h·w]: patterns of what was kept, and what is added of them. */
    analysis: `freeu_analysis_${stage}`,
    synthesis: `freeu_synthesis_${stage}`,
  },
});

/** What every block is given. */
interface Conditioning {
  config: UnetConfig;
  time: Value;
  promptKeys: PromptKeys;
  batch: Value;
}

export interface UnetInputs {
  /** Those of `FREEU` besides; default: no. */
  hasFreeU?: boolean;
  /** Keys and values of the prompt instead of the prompt itself (prompt-keys.ts); default: no. */
  hasKeys?: boolean;
}

export const writeUnet = (
  scope: LayerScope,
  config: UnetConfig,
  { hasFreeU = false, hasKeys = false }: UnetInputs = {},
): void => {
  const { ops } = scope;
  const sample = ops.pictureIn(UNET.sample, ['batch', 4, 'height', 'width']);
  const timestep = ops.rowsIn(UNET.timestep, ['batch', config.timestepWidth]);
  const promptKeys = hasKeys ? keysGiven : keysMade(ops, config);
  const addition = ops.rowsIn(UNET.addition, ['batch', config.additionWidth]);

  // 1. Time: the timestep's embedding and the micro-conditioning's, added.
  const time = ops.add(
    perceptron(scope.at('time_embedding'), timestep, config.timestepWidth, config.timeWidth),
    perceptron(scope.at('add_embedding'), addition, config.additionWidth, config.timeWidth),
  );
  const given: Conditioning = {
    config,
    time: ops.silu(time),
    promptKeys,
    batch: ops.batchOf(sample),
  };

  // 2. Down: every layer's output is kept for the way up.
  const first = config.timestepWidth;
  let hidden = conv(scope.at('conv_in'), sample, [4, first]);
  const skips: Skip[] = [{ value: hidden, channels: first }];
  let channels = first;
  for (const [index, block] of config.down.entries()) {
    const at = scope.at('down_blocks').at(index);
    for (let layer = 0; layer < block.layers; layer++) {
      hidden = unetLayer(at, hidden, { layer, inner: channels, block, level: index }, given);
      channels = block.channels;
      skips.push({ value: hidden, channels });
    }
    if (index === config.down.length - 1) continue;
    hidden = conv(at.at('downsamplers.0.conv'), hidden, [channels, channels], { kernel: 3, stride: 2 });
    skips.push({ value: hidden, channels });
  }

  // 3. Middle.
  const mid = scope.at('mid_block');
  const coarsest = config.down.length - 1;
  hidden = unetLayer(mid, hidden, { layer: 0, inner: channels, block: config.mid, level: coarsest }, given);
  hidden = residual(mid, hidden, { layer: 1, inner: channels, block: config.mid, level: coarsest }, given);

  const freeu = hasFreeU ? Array.from({ length: FREEU_STAGES }, (_, stage) => freeuInputs(ops, stage)) : [];

  // 4. Up: each layer sees a kept output beside the last one's.
  for (const [index, block] of config.up.entries()) {
    const at = scope.at('up_blocks').at(index);
    const level = coarsest - index;
    for (let layer = 0; layer < block.layers; layer++) {
      const skip = take(skips);
      const free = freeu[index];
      const joined =
        free === undefined
          ? ops.concatChannels(hidden, skip.value)
          : ops.concatChannels(
              ops.scaleFirstHalf(hidden, channels, free.gain),
              ops.addPatterns(skip.value, free.analysis, free.synthesis),
            );
      hidden = unetLayer(at, joined, { layer, inner: channels + skip.channels, block, level }, given);
      channels = block.channels;
    }
    if (index === config.up.length - 1) continue;
    /* To the size of what comes next, not by two: sides that are not multiples of 8 were rounded up on the way down. */
    const larger = ops.upsampleTo(hidden, take([...skips]).value);
    hidden = levelConv(at.at('upsamplers.0.conv'), larger, [channels, channels], level - 1);
  }

  // 5. Out.
  const { groups, epsilon } = config;
  hidden = groupNorm(scope.at('conv_norm_out'), hidden, { channels, groups, epsilon }, true);
  ops.pictureOut(conv(scope.at('conv_out'), hidden, [channels, 4]), UNET.prediction, ['batch', 4, 'height', 'width']);
};

const freeuInputs = (ops: Operators, stage: number): Readonly<Record<'gain' | 'analysis' | 'synthesis', Value>> => {
  const { names } = FREEU(stage);
  const [places, patterns] = [`places_${stage}`, `patterns_${stage}`];
  return {
    gain: ops.rowsIn(names.gain, [1]),
    analysis: ops.rowsIn(names.analysis, [places, patterns]),
    synthesis: ops.rowsIn(names.synthesis, [patterns, places]),
  };
};

interface Skip {
  value: Value;
  channels: number;
}

const take = (skips: Skip[]): Skip => {
  const last = skips.pop();
  if (last === undefined) throw new RangeError('up blocks have more layers than down blocks have outputs');
  return last;
};

interface Layer {
  layer: number;
  inner: number;
  block: UnetBlock;
  /** 0 the finest. */
  level: number;
}

/** A ResNet block, and the transformer behind it where the block attends. */
const unetLayer = (at: LayerScope, x: Value, layer: Layer, given: Conditioning): Value => {
  const hidden = residual(at, x, layer, given);
  const { channels, heads, depth } = layer.block;
  if (depth === 0) return hidden;
  const { promptKeys, batch, config } = given;
  const { groups, linearProjection } = config;
  const options = { channels, depth, heads, groups, linearProjection, promptKeys, batch };
  return transformer(at.at('attentions').at(layer.layer), hidden, options);
};

const residual = (
  at: LayerScope,
  x: Value,
  { layer, inner, block, level }: Layer,
  { config, time }: Conditioning,
): Value =>
  resnetBlock(at.at('resnets').at(layer), x, {
    inner,
    outer: block.channels,
    groups: config.groups,
    epsilon: config.epsilon,
    time: { value: time, width: config.timeWidth },
    level,
  });

const perceptron = (at: LayerScope, x: Value, inner: number, outer: number): Value =>
  linear(at.at('linear_2'), at.ops.silu(linear(at.at('linear_1'), x, [inner, outer])), [outer, outer]);
