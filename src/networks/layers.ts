/** The layers all three networks share, by the names diffusers and transformers give their tensors. */
import type { Value } from '../graph/graph-builder.js';
import type { ConvOptions } from '../graph/operators.js';
import { suitsFiltering } from '../graph/winograd.js';
import { adaptConv, adaptLinear } from './adapt-layer.js';
import type { LayerScope } from './layer-scope.js';

/** `torch.nn.Linear`: `weight` [out,in], `bias` [out] where there is one. */
export const linear = (
  scope: LayerScope,
  x: Value,
  [inner, outer]: readonly [number, number],
  biased = true,
): Value => {
  const bias = biased ? scope.weight('bias', [outer]) : null;
  const y = scope.ops.linear(x, scope.weight('weight', [outer, inner]), bias);
  return adaptLinear(scope, { x, y, bias }, [0, outer]);
};

/** The same, of pixels as tokens: in whole numbers where the network is quantized. */
export const pixelLinear = (
  scope: LayerScope,
  x: Value,
  [inner, outer]: readonly [number, number],
  biased = true,
): Value => {
  const bias = biased ? scope.weight('bias', [outer]) : null;
  return adaptLinear(scope, { x, y: scope.ops.linear(x, scope.matrix('weight', [outer, inner]), bias), bias }, [
    0,
    outer,
  ]);
};

/** `torch.nn.Conv2d` with a square kernel. */
export const conv = (
  scope: LayerScope,
  x: Value,
  [inner, outer]: readonly [number, number],
  options: Omit<ConvOptions, 'filtered'> = { kernel: 3 },
): Value => {
  const weight = scope.weight('weight', [outer, inner, options.kernel, options.kernel]);
  const bias = scope.weight('bias', [outer]);
  return adaptConv(scope, { x, y: scope.ops.conv(x, weight, bias, options), bias }, outer, options);
};

/** The same, 3×3 and of the UNet: by minimal filtering where that is faster. @param level 0 for the finest */
export const levelConv = (
  scope: LayerScope,
  x: Value,
  [inner, outer]: readonly [number, number],
  level: number,
): Value => {
  if (!suitsFiltering([inner, outer], level)) return conv(scope, x, [inner, outer]);
  const weight = scope.kernel('weight', [outer, inner, 3, 3]);
  const bias = scope.weight('bias', [outer]);
  const y = scope.ops.conv(x, weight, bias, { kernel: 3, filtered: [inner, outer] });
  return adaptConv(scope, { x, y, bias }, outer, { kernel: 3 });
};

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
