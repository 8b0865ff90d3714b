/**
 * SDXL's UNet with `text_time` conditioning, base and refiner alike (diffusers 0.42
 * models/unets/unet_2d_condition.py and unet_2d_blocks.py; Podell et al. 2023, arXiv:2307.01952, §2).
 */
import { SETTINGS } from '../../records/setting-table.js';
import type { Named, Value } from '../../onnx/graph/onnx/value.js';
import type { Operators } from '../../onnx/graph/operators/operators.js';
import { conv, groupNorm, linear, unetConv } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import { kvFromInputs, kvFromPrompt, PROMPT, type CrossAttentionKv } from './cross-attention-cache.js';
import { resnetBlock } from './resnet-block.js';
import { transformer } from './transformer.js';
import type { UnetBlock, UnetConfig } from './unet-config.js';

/** Names of the inputs and outputs. Batch, height and width are dynamic. */
export const UNET = {
  /** f32 [B,4,H/8,W/8], scaled for the timestep by the scheduler. */
  sample: 'sample',
  /** f32 [B,timestepEmbedDim]: sinusoidal embedding of the timestep, computed on the host since devices' sines differ. */
  timestep: 'timestep_sinusoid',
  prompt: PROMPT,
  /** f32 [B,addedCondDim]: pooled text embedding, then the sinusoidal embeddings of the time ids. */
  addition: 'added_condition',
  /** f32 [B,4,H/8,W/8] */
  prediction: 'noise_prediction',
  /** f32 [B,C,H/8,W/8]: output of the whole network, input of the shallow one. */
  deepFeatures: 'deep_features',
} as const;

/** The depth at which the whole network outputs its deep features, the default of `cache_depth`: another depth opens it once more. */
export const USUAL_CACHE_DEPTH = SETTINGS.cache_depth.default;

/** FreeU changes the first two up blocks. */
const FREEU_STAGES = 2;

/** Inputs of FreeU for one of these blocks (diffusion/unet/freeu.ts). */
export const FREEU = (stage: number): { names: Readonly<Record<'gain' | 'analysis' | 'synthesis', string>> } => ({
  names: {
    /** f32 [1]: factor of the first half of the hidden channels, minus 1. */
    gain: `freeu_gain_${stage}`,
    /** f32 [h·w,n] and [n,h·w]: Fourier components of the skip connection, and the change of each. */
    analysis: `freeu_analysis_${stage}`,
    synthesis: `freeu_synthesis_${stage}`,
  },
});

/** Inputs of every block. */
interface Conditioning {
  config: UnetConfig;
  /** SiLU of the time embedding, [B,timeEmbedDim]. */
  time: Value;
  crossAttentionKv: CrossAttentionKv;
  /** [1] int64 */
  batch: Named;
}

/** Forms of the network over the same weights. */
export interface UnetForm {
  /** The inputs of `FREEU` too; default: no. */
  hasFreeU?: boolean;
  /** Cached cross-attention keys and values instead of the prompt (cross-attention-cache.ts); default: no. */
  hasCrossAttentionKv?: boolean;
  /** Default: no features are passed on. */
  deepCache?: DeepCacheForm | null;
}

/** DeepCache (Ma et al. 2023, arXiv:2312.00858, §3.2): the features that enter the finest up layers change little from step to step. */
export interface DeepCacheForm {
  /** Skip connections, the last ones, whose up layers every call computes. */
  depth: number;
  /** The shallow network has the deep features as an input; the whole network outputs them. */
  isShallow: boolean;
}

/** Most that `DeepCacheForm.depth` can be: the layers of the finest up block. */
export const maxCacheDepth = ({ upBlocks }: UnetConfig): number => upBlocks.at(-1)?.layers ?? 0;

export const writeUnet = (
  scope: LayerScope,
  config: UnetConfig,
  { hasFreeU = false, hasCrossAttentionKv = false, deepCache = null }: UnetForm = {},
): void => {
  const { ops } = scope;
  const sample = ops.featureMapInput(UNET.sample, ['batch', 4, 'height', 'width']);
  const timestep = ops.tensorInput(UNET.timestep, ['batch', config.timestepEmbedDim]);
  const crossAttentionKv = hasCrossAttentionKv ? kvFromInputs : kvFromPrompt(ops, config);
  const addition = ops.tensorInput(UNET.addition, ['batch', config.addedCondDim]);

  // 1. Time embedding: timestep plus micro-conditioning.
  const time = ops.add(
    timeEmbeddingMlp(scope.at('time_embedding'), timestep, config.timestepEmbedDim, config.timeEmbedDim),
    timeEmbeddingMlp(scope.at('add_embedding'), addition, config.addedCondDim, config.timeEmbedDim),
  );
  const conditioning: Conditioning = { config, time: ops.silu(time), crossAttentionKv, batch: ops.batchSize(sample) };

  // 2. Down blocks: every layer's output is a skip connection.
  const first = config.timestepEmbedDim;
  let hidden = conv(scope.at('conv_in'), sample, [4, first]);
  const skips: SkipConnection[] = [{ value: hidden, channels: first }];
  let channels = first;
  for (const [index, block] of config.downBlocks.entries()) {
    const at = scope.at('down_blocks').at(index);
    for (let layer = 0; layer < block.layers; layer++) {
      hidden = unetLayer(at, hidden, { layer, inChannels: channels, block, level: index }, conditioning);
      channels = block.channels;
      skips.push({ value: hidden, channels });
    }
    if (index === config.downBlocks.length - 1) continue;
    hidden = conv(at.at('downsamplers.0.conv'), hidden, [channels, channels], { kernel: 3, stride: 2 });
    skips.push({ value: hidden, channels });
  }

  // 3. Mid block.
  const midScope = scope.at('mid_block');
  const lowest = config.downBlocks.length - 1;
  const mid = { inChannels: channels, block: config.midBlock, level: lowest };
  hidden = unetLayer(midScope, hidden, { ...mid, layer: 0 }, conditioning);
  hidden = resnet(midScope, hidden, { ...mid, layer: 1 }, conditioning);

  const freeu = hasFreeU ? Array.from({ length: FREEU_STAGES }, (_, stage) => freeuInputs(ops, stage)) : [];

  // 4. Up blocks: each layer takes a skip connection beside the last layer's output.
  for (const [index, block] of config.upBlocks.entries()) {
    const at = scope.at('up_blocks').at(index);
    const level = lowest - index;
    for (let layer = 0; layer < block.layers; layer++) {
      if (skips.length === deepCache?.depth) {
        const dims = ['batch', channels, 'height', 'width'];
        if (deepCache.isShallow) hidden = ops.featureMapInput(UNET.deepFeatures, dims);
        else ops.featureMapOutput(hidden, UNET.deepFeatures, dims);
      }
      const skip = popSkip(skips);
      const freeuInput = freeu[index];
      const joined =
        freeuInput === undefined
          ? ops.concatChannels(hidden, skip.value)
          : ops.concatChannels(
              ops.scaleFirstHalf(hidden, channels, freeuInput.gain),
              ops.addSpatialProjection(skip.value, freeuInput.analysis, freeuInput.synthesis),
            );
      hidden = unetLayer(at, joined, { layer, inChannels: channels + skip.channels, block, level }, conditioning);
      channels = block.channels;
    }
    if (index === config.upBlocks.length - 1) continue;
    /* To the size of the next skip connection, not by two: down blocks round up sides that are not multiples of 8. */
    const upsampled = ops.upsampleTo(hidden, popSkip([...skips]).value);
    hidden = unetConv(at.at('upsamplers.0.conv'), upsampled, [channels, channels], level - 1);
  }

  // 5. Output convolution.
  const { groups, epsilon } = config;
  hidden = groupNorm(scope.at('conv_norm_out'), hidden, { channels, groups, epsilon }, true);
  ops.featureMapOutput(conv(scope.at('conv_out'), hidden, [channels, 4]), UNET.prediction, ['batch', 4, 'height', 'width']);
};

const freeuInputs = (ops: Operators, stage: number): Readonly<Record<'gain' | 'analysis' | 'synthesis', Value>> => {
  const { names } = FREEU(stage);
  const [pixels, components] = [`pixels_${stage}`, `components_${stage}`];
  return {
    gain: ops.tensorInput(names.gain, [1]),
    analysis: ops.tensorInput(names.analysis, [pixels, components]),
    synthesis: ops.tensorInput(names.synthesis, [components, pixels]),
  };
};

interface SkipConnection {
  value: Value;
  channels: number;
}

const popSkip = (skips: SkipConnection[]): SkipConnection => {
  const last = skips.pop();
  if (last === undefined) throw new RangeError('up blocks have more layers than down blocks have outputs');
  return last;
};

interface Layer {
  /** Index in its block. */
  layer: number;
  inChannels: number;
  block: UnetBlock;
  /** 0: full resolution. */
  level: number;
}

/** A ResNet block, and a transformer if the block has attention. */
const unetLayer = (at: LayerScope, x: Value, layer: Layer, conditioning: Conditioning): Value => {
  const hidden = resnet(at, x, layer, conditioning);
  const { channels, heads, transformerLayers } = layer.block;
  if (transformerLayers === 0) return hidden;
  const { crossAttentionKv, batch, config } = conditioning;
  const { groups, linearProjection } = config;
  const options = { channels, transformerLayers, heads, groups, linearProjection, crossAttentionKv, batch };
  return transformer(at.at('attentions').at(layer.layer), hidden, options);
};

const resnet = (
  at: LayerScope,
  x: Value,
  { layer, inChannels, block, level }: Layer,
  { config, time }: Conditioning,
): Value =>
  resnetBlock(at.at('resnets').at(layer), x, {
    inChannels,
    outChannels: block.channels,
    groups: config.groups,
    epsilon: config.epsilon,
    time: { value: time, width: config.timeEmbedDim },
    level,
  });

const timeEmbeddingMlp = (at: LayerScope, x: Value, inDim: number, outDim: number): Value =>
  linear(at.at('linear_2'), at.ops.silu(linear(at.at('linear_1'), x, [inDim, outDim])), [outDim, outDim]);
