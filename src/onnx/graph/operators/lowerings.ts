/** The operators of each device family, and of each level of fusion. */
import { CpuOperators } from '../cpu/cpu-operators.js';
import { CudaOperators } from './cuda-operators.js';
import { DmlOperators } from './dml-operators.js';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import { MicrosoftOperators } from './microsoft-operators.js';
import type { Operators } from './operators.js';
import { StandardOperators } from './standard-operators.js';
import type { DeviceFamily, Fusion, Precision, Target } from './target.js';

type Lowerings = Partial<
  Record<Fusion, new (graph: GraphBuilder, precision: Precision, blockSize: number | null) => Operators>
>;

/** WebGPU has kernels for attention and activations, but none for group normalization; CoreML has standard operators only. */
const LOWERINGS = {
  cpu: { fused: CpuOperators },
  cuda: { fused: CudaOperators, attention: MicrosoftOperators, standard: StandardOperators },
  webgpu: { attention: MicrosoftOperators, standard: StandardOperators },
  dml: { fused: DmlOperators, attention: MicrosoftOperators, standard: StandardOperators },
  coreml: { standard: StandardOperators },
} as const satisfies Record<DeviceFamily, Lowerings>;

/** Levels of fusion that a family has, fastest first. */
export const fusionsOf = (family: DeviceFamily): readonly Fusion[] => Object.keys(LOWERINGS[family]) as Fusion[];

/**
 * @param blockSize for the CPU (cpu-operators.ts)
 * @throws RangeError if the family has no such fusion
 */
export const operatorsFor = (
  { family, fusion, precision }: Target,
  graph: GraphBuilder,
  blockSize: number | null = null,
): Operators => {
  const lowerings: Lowerings = LOWERINGS[family];
  const Lowering = lowerings[fusion];
  if (Lowering === undefined) throw new RangeError(`${family} has no ${fusion} lowering`);
  return new Lowering(graph, precision, blockSize);
};
