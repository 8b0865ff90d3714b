/** Layers that UNet, VAE and text encoders share, with the tensor names of diffusers and transformers. */
import type { Value } from '../../onnx/graph/onnx/value.js';
import type { ConvOptions } from '../../onnx/graph/operators/operators.js';
import { winogradMode, type WinogradMode } from '../../onnx/graph/cpu/winograd.js';
import { adaptConv, adaptLinear } from './adapt-layer.js';
import type { LayerScope } from './layer-scope.js';

/** `torch.nn.Linear`: `weight` [out,in], `bias` [out]. */
export const linear = (
  scope: LayerScope,
  x: Value,
  [inFeatures, outFeatures]: readonly [number, number],
): Value => {
  const bias = scope.weight('bias', [outFeatures]);
  const y = scope.ops.linear(x, scope.weight('weight', [outFeatures, inFeatures]), bias);
  return adaptLinear(scope, { x, y, bias }, [0, outFeatures]);
};

/** A linear layer for many tokens: in the fastest layout, and in int8 if the network is quantized and the layer allows it. */
export const tokenLinear = (
  scope: LayerScope,
  x: Value,
  [inFeatures, outFeatures]: readonly [number, number],
  { biased = true, mayBeInt8 = true } = {},
): Value => {
  const bias = biased ? scope.weight('bias', [outFeatures]) : null;
  const y = scope.ops.linear(x, scope.linearWeight('weight', [outFeatures, inFeatures], { mayBeInt8 }), bias);
  return adaptLinear(scope, { x, y, bias }, [0, outFeatures]);
};

export interface Conv2dOptions extends Omit<ConvOptions, 'channels'> {
  /** Default: never. */
  winograd?: WinogradMode;
}

/** `torch.nn.Conv2d` with a square kernel. @param channels [in, out] */
export const conv = (
  scope: LayerScope,
  x: Value,
  channels: readonly [number, number],
  { winograd = 'never', ...options }: Conv2dOptions = { kernel: 3 },
): Value => {
  const [inChannels, outChannels] = channels;
  const weight = scope.convWeight('weight', [outChannels, inChannels, options.kernel, options.kernel], winograd);
  const bias = scope.weight('bias', [outChannels]);
  const y = scope.ops.conv(x, weight, bias, { ...options, channels });
  return adaptConv(scope, { x, y, bias }, outChannels, options);
};

/** A 3×3 convolution of the UNet. @param level 0: full resolution; each further level halves it */
export const unetConv = (scope: LayerScope, x: Value, channels: readonly [number, number], level: number): Value =>
  conv(scope, x, channels, { kernel: 3, winograd: winogradMode(channels, level) });

/** A 3×3 convolution of the VAE, whose feature maps are at least as large as the UNet's largest. */
export const vaeConv = (scope: LayerScope, x: Value, channels: readonly [number, number]): Value =>
  conv(scope, x, channels, { kernel: 3, winograd: winogradMode(channels, 0), inRowStrips: true });

export interface GroupNormShape {
  channels: number;
  groups: number;
  epsilon: number;
}

/** `torch.nn.GroupNorm`, followed by SiLU if asked. */
export const groupNorm = (scope: LayerScope, x: Value, shape: GroupNormShape, silu: boolean): Value => {
  const [gamma, beta] = [scope.weight('weight', [shape.channels]), scope.weight('bias', [shape.channels])];
  return scope.ops.groupNorm(x, gamma, beta, { ...shape, silu });
};

/** `torch.nn.LayerNorm` over the features. */
export const layerNorm = (scope: LayerScope, x: Value, features: number, epsilon: number): Value =>
  scope.ops.layerNorm(x, scope.weight('weight', [features]), scope.weight('bias', [features]), epsilon);
