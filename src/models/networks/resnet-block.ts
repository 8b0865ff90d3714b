/** The residual block of UNet and VAE (diffusers 0.42 models/resnet.py, `ResnetBlock2D`). */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import { conv, groupNorm, largeConv, levelConv, linear } from './layers.js';
import type { LayerScope } from './layer-scope.js';

export interface ResnetOptions {
  inner: number;
  outer: number;
  groups: number;
  epsilon: number;
  /** SiLU of the time embedding [B,width]; the VAE has none. */
  time?: { value: Value; width: number };
  /** Of the UNet, 0 the finest; the VAE has none. */
  level?: number;
}

/** norm, SiLU, conv, (+ time), norm, SiLU, conv, + input, with a 1×1 convolution on the input where channels change. */
export const resnetBlock = (scope: LayerScope, x: Value, options: ResnetOptions): Value => {
  const { inner, outer, groups, epsilon, time, level } = options;
  const { ops } = scope;
  const convolve = (at: LayerScope, value: Value, channels: readonly [number, number]): Value =>
    level === undefined ? largeConv(at, value, channels) : levelConv(at, value, channels, level);
  let hidden = groupNorm(scope.at('norm1'), x, { channels: inner, groups, epsilon }, true);
  hidden = convolve(scope.at('conv1'), hidden, [inner, outer]);
  if (time !== undefined) {
    hidden = ops.addToPixels(hidden, linear(scope.at('time_emb_proj'), time.value, [time.width, outer]));
  }
  hidden = groupNorm(scope.at('norm2'), hidden, { channels: outer, groups, epsilon }, true);
  hidden = convolve(scope.at('conv2'), hidden, [outer, outer]);
  const skip = inner === outer ? x : conv(scope.at('conv_shortcut'), x, [inner, outer], { kernel: 1 });
  return ops.add(skip, hidden);
};
