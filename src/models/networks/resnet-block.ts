/** The ResNet block of UNet and VAE (diffusers 0.42 models/resnet.py, `ResnetBlock2D`). */
import type { Value } from '../../onnx/graph/onnx/value.js';
import { conv, groupNorm, vaeConv, unetConv, linear } from './layers.js';
import type { LayerScope } from './layer-scope.js';

export interface ResnetOptions {
  inChannels: number;
  outChannels: number;
  groups: number;
  epsilon: number;
  /** SiLU of the time embedding [B,width]; UNet only. */
  time?: { value: Value; width: number };
  /** UNet only; 0: full resolution. */
  level?: number;
}

/** norm, SiLU, conv, (+ time), norm, SiLU, conv, + input; the input passes a 1×1 convolution if the channels change. */
export const resnetBlock = (scope: LayerScope, x: Value, options: ResnetOptions): Value => {
  const { inChannels, outChannels, groups, epsilon, time, level } = options;
  const { ops } = scope;
  const convolve = (at: LayerScope, value: Value, channels: readonly [number, number]): Value =>
    level === undefined ? vaeConv(at, value, channels) : unetConv(at, value, channels, level);
  let hidden = groupNorm(scope.at('norm1'), x, { channels: inChannels, groups, epsilon }, true);
  hidden = convolve(scope.at('conv1'), hidden, [inChannels, outChannels]);
  if (time !== undefined) {
    hidden = ops.addPerChannel(hidden, linear(scope.at('time_emb_proj'), time.value, [time.width, outChannels]));
  }
  hidden = groupNorm(scope.at('norm2'), hidden, { channels: outChannels, groups, epsilon }, true);
  hidden = convolve(scope.at('conv2'), hidden, [outChannels, outChannels]);
  const shortcut =
    inChannels === outChannels ? x : conv(scope.at('conv_shortcut'), x, [inChannels, outChannels], { kernel: 1 });
  return ops.add(shortcut, hidden);
};
