/** The layers all three networks share, by the names diffusers and transformers give their tensors. */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import type { ConvOptions } from '../../onnx/graph/operators/operators.js';
import { filteringOf, type Filtering } from '../../onnx/graph/cpu/winograd.js';
import { adaptConv, adaptLinear } from './adapt-layer.js';
import type { LayerScope } from './layer-scope.js';

/** `torch.nn.Linear`: `weight` [out,in], `bias` [out]. */
export const linear = (scope: LayerScope, x: Value, [inner, outer]: readonly [number, number]): Value => {
  const bias = scope.weight('bias', [outer]);
  const y = scope.ops.linear(x, scope.weight('weight', [outer, inner]), bias);
  return adaptLinear(scope, { x, y, bias }, [0, outer]);
};

/** The same, its bias where there is one, over many tokens: in the layout that is fastest, and of pixels in whole numbers where the network is quantized. */
export const tokenLinear = (
  scope: LayerScope,
  x: Value,
  [inner, outer]: readonly [number, number],
  { biased = true, ofPixels = true } = {},
): Value => {
  const bias = biased ? scope.weight('bias', [outer]) : null;
  const y = scope.ops.linear(x, scope.matrix('weight', [outer, inner], { ofPixels }), bias);
  return adaptLinear(scope, { x, y, bias }, [0, outer]);
};

export interface LayerConvOptions extends Omit<ConvOptions, 'channels'> {
  /** When minimal filtering may do it; default: never. */
  filtering?: Filtering;
}

/** `torch.nn.Conv2d` with a square kernel. */
export const conv = (
  scope: LayerScope,
  x: Value,
  channels: readonly [number, number],
  { filtering = 'never', ...options }: LayerConvOptions = { kernel: 3 },
): Value => {
  const [inner, outer] = channels;
  const weight = scope.kernel('weight', [outer, inner, options.kernel, options.kernel], filtering);
  const bias = scope.weight('bias', [outer]);
  return adaptConv(scope, { x, y: scope.ops.conv(x, weight, bias, { ...options, channels }), bias }, outer, options);
};

/** The same, 3×3 and of the UNet. @param level 0 for the finest */
export const levelConv = (scope: LayerScope, x: Value, channels: readonly [number, number], level: number): Value =>
  conv(scope, x, channels, { kernel: 3, filtering: filteringOf(channels, level) });

/** The same, of the VAE: its pictures are as large as the UNet's finest, and larger. */
export const largeConv = (scope: LayerScope, x: Value, channels: readonly [number, number]): Value =>
  conv(scope, x, channels, { kernel: 3, filtering: filteringOf(channels, 0), inBands: true });

export interface GroupNormShape {
  channels: number;
  groups: number;
  epsilon: number;
}

/** `torch.nn.GroupNorm`, with SiLU after it where the block has one. */
export const groupNorm = (scope: LayerScope, x: Value, shape: GroupNormShape, silu: boolean): Value => {
  const [gamma, beta] = [scope.weight('weight', [shape.channels]), scope.weight('bias', [shape.channels])];
  return scope.ops.groupNorm(x, gamma, beta, { ...shape, silu });
};

export const layerNorm = (scope: LayerScope, x: Value, width: number, epsilon: number): Value =>
  scope.ops.layerNorm(x, scope.weight('weight', [width]), scope.weight('bias', [width]), epsilon);
