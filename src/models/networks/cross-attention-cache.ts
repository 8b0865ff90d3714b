/**
 * Cross-attention keys and values of the prompt. They are the same at every step: a separate network computes them once per
 * image, and the UNet takes them as inputs.
 */
import type { Value } from '../../onnx/graph/onnx/value.js';
import type { Operators } from '../../onnx/graph/operators/operators.js';
import { tokenLinear } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import type { UnetBlock, UnetConfig } from './unet-config.js';

/** Name of the prompt's input, f32 [B,T,crossAttentionDim]. */
export const PROMPT = 'encoder_hidden_states';

/** Keys and values, [B·T,channels] each, of the cross-attention at `scope`. */
export type CrossAttentionKv = (scope: LayerScope, channels: number) => { key: Value; value: Value };

/** Computes them in the same network, from its input `PROMPT`. */
export const kvFromPrompt = (ops: Operators, { crossAttentionDim }: UnetConfig): CrossAttentionKv => {
  const prompt = ops.tensorInput(PROMPT, ['batch', 'tokens', crossAttentionDim]);
  const tokens = ops.graph.node('Reshape', [prompt, ops.graph.integers([-1, crossAttentionDim])]);
  return (scope, channels) => {
    /* A prompt has too few tokens for int8 to be faster. */
    const project = (name: string): Value =>
      tokenLinear(scope.at(name), tokens, [crossAttentionDim, channels], { biased: false, mayBeInt8: false });
    return { key: project('to_k'), value: project('to_v') };
  };
};

/** Takes them as inputs, by the layer names under which `writeCrossAttentionKv` outputs them. */
export const kvFromInputs: CrossAttentionKv = (scope, channels) => {
  const input = (name: string): Value => scope.ops.tensorInput(scope.at(name).path, ['batch_tokens', channels]);
  return { key: input('to_k'), value: input('to_v') };
};

/** Writes the network from `PROMPT` to the inputs of `kvFromInputs`. */
export const writeCrossAttentionKv = (scope: LayerScope, config: UnetConfig): void => {
  const { ops } = scope;
  const kv = kvFromPrompt(ops, config);
  for (const { path, channels } of crossAttentions(config)) {
    const at = scope.at(path);
    const { key, value } = kv(at, channels);
    ops.tensorOutput(key, at.at('to_k').path, ['batch_tokens', channels]);
    ops.tensorOutput(value, at.at('to_v').path, ['batch_tokens', channels]);
  }
};

interface CrossAttention {
  /** diffusers' name of the layer. */
  path: string;
  channels: number;
}

const crossAttentions = ({ downBlocks, midBlock, upBlocks }: UnetConfig): CrossAttention[] => [
  ...downBlocks.flatMap((block, index) => crossAttentionsOf(`down_blocks.${index}`, block)),
  ...crossAttentionsOf('mid_block', { ...midBlock, layers: 1 }),
  ...upBlocks.flatMap((block, index) => crossAttentionsOf(`up_blocks.${index}`, block)),
];

const crossAttentionsOf = (path: string, { channels, layers, transformerLayers }: UnetBlock): CrossAttention[] =>
  Array.from({ length: layers * transformerLayers }, (_, index) => {
    const [transformer, layer] = [Math.floor(index / transformerLayers), index % transformerLayers];
    return { path: `${path}.attentions.${transformer}.transformer_blocks.${layer}.attn2`, channels };
  });
