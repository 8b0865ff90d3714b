/** The layers all three networks share, by the names diffusers and transformers give their tensors. */
import type { Value } from '../graph/graph-builder.js';
import type { ConvOptions } from '../graph/operators.js';
import type { LayerScope } from './layer-scope.js';

/** `torch.nn.Linear`: `weight` [out,in], `bias` [out] where there is one. */
export const linear = (scope: LayerScope, x: Value, [inner, outer]: readonly [number, number], biased = true): Value =>
  scope.ops.linear(x, scope.weight('weight', [outer, inner]), biased ? scope.weight('bias', [outer]) : null);

/** `torch.nn.Conv2d` with a square kernel. */
export const conv = (
  scope: LayerScope,
  x: Value,
  [inner, outer]: readonly [number, number],
  options: ConvOptions = { kernel: 3 },
): Value => {
  const weight = scope.weight('weight', [outer, inner, options.kernel, options.kernel]);
  return scope.ops.conv(x, weight, scope.weight('bias', [outer]), options);
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
