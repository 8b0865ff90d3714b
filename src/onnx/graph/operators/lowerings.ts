/** Which lowering a target has. */
import { CpuOperators } from '../cpu/cpu-operators.js';
import { CudaOperators } from './cuda-operators.js';
import { DmlOperators } from './dml-operators.js';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import { MicrosoftOperators } from './microsoft-operators.js';
import type { Operators } from './operators.js';
import { StandardOperators } from './standard-operators.js';
import type { DeviceFamily, Fusion, Precision, Target } from './target.js';

type Lowerings = Partial<
  Record<Fusion, new (graph: GraphBuilder, precision: Precision, block: number | null) => Operators>
>;

/** WebGPU has kernels for attention and activations, but none for group normalization; CoreML has the standard's alone. */
const LOWERINGS = {
  cpu: { fused: CpuOperators },
  cuda: { fused: CudaOperators, attention: MicrosoftOperators, standard: StandardOperators },
  webgpu: { attention: MicrosoftOperators, standard: StandardOperators },
  dml: { fused: DmlOperators, attention: MicrosoftOperators, standard: StandardOperators },
  coreml: { standard: StandardOperators },
} as const satisfies Record<DeviceFamily, Lowerings>;

/** Fusions that a family has, best first. */
export const fusionsOf = (family: DeviceFamily): readonly Fusion[] => Object.keys(LOWERINGS[family]) as Fusion[];

/**
 * @param block of the CPU's operators, see there
 * @throws RangeError for a fusion that the family does not have
 */
export const operatorsFor = (
  { family, fusion, precision }: Target,
  graph: GraphBuilder,
  block: number | null = null,
): Operators => {
  const lowerings: Lowerings = LOWERINGS[family];
  const Lowering = lowerings[fusion];
  if (Lowering === undefined) throw new RangeError(`${family} has no ${fusion} lowering`);
  return new Lowering(graph, precision, block);
};
