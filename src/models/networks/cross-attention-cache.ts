/**
 * Keys and values of the prompt, which the UNet's transformers attend to. They are the same at every step: a network of
 * their own can make them once a picture, and the UNet takes them as inputs.
 */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import type { Operators } from '../../onnx/graph/operators/operators.js';
import { tokenLinear } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import type { UnetBlock, UnetConfig } from './unet-config.js';

/** f32 [B,T,promptWidth]: name of the prompt's input. */
export const PROMPT = 'encoder_hidden_states';

/** Keys and values, [B·T,channels] each, of the attention at `scope`. */
export type PromptKeys = (scope: LayerScope, channels: number) => { key: Value; value: Value };

/** Made from the prompt, an input of the same network. */
export const keysMade = (ops: Operators, { promptWidth }: UnetConfig): PromptKeys => {
  const prompt = ops.rowsIn(PROMPT, ['batch', 'tokens', promptWidth]);
  const tokens = ops.graph.node('Reshape', [prompt, ops.graph.integers([-1, promptWidth])]);
  return (scope, channels) => {
    /* So few tokens gain nothing from whole numbers. */
    const project = (name: string): Value =>
      tokenLinear(scope.at(name), tokens, [promptWidth, channels], { biased: false, ofPixels: false });
    return { key: project('to_k'), value: project('to_v') };
  };
};

/** Inputs, by the names of the layers that `writePromptKeys` makes them with. */
export const keysGiven: PromptKeys = (scope, channels) => {
  const take = (name: string): Value => scope.ops.rowsIn(scope.at(name).path, ['batch_tokens', channels]);
  return { key: take('to_k'), value: take('to_v') };
};

/** The network that makes all of them: `PROMPT` in, the inputs of `keysGiven` out. */
export const writePromptKeys = (scope: LayerScope, config: UnetConfig): void => {
  const { ops } = scope;
  const keys = keysMade(ops, config);
  for (const { path, channels } of attentionsToPrompt(config)) {
    const at = scope.at(path);
    const { key, value } = keys(at, channels);
    ops.rowsOut(key, at.at('to_k').path, ['batch_tokens', channels]);
    ops.rowsOut(value, at.at('to_v').path, ['batch_tokens', channels]);
  }
};

/** All attentions to the prompt, by the names that diffusers gives them. */
const attentionsToPrompt = ({ down, mid, up }: UnetConfig): { path: string; channels: number }[] => [
  ...down.flatMap((block, index) => attentionsOf(`down_blocks.${index}`, block)),
  ...attentionsOf('mid_block', { ...mid, layers: 1 }),
  ...up.flatMap((block, index) => attentionsOf(`up_blocks.${index}`, block)),
];

const attentionsOf = (path: string, { channels, layers, depth }: UnetBlock): { path: string; channels: number }[] =>
  Array.from({ length: layers * depth }, (_, index) => {
    const [transformer, layer] = [Math.floor(index / depth), index % depth];
    return { path: `${path}.attentions.${transformer}.transformer_blocks.${layer}.attn2`, channels };
  });
