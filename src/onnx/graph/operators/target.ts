/** What a graph is written for. Types and tables only. */

export const DEVICE_FAMILIES = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const;
export type DeviceFamily = (typeof DEVICE_FAMILIES)[number];

/** A device of this machine. */
export interface Device {
  readonly family: DeviceFamily;
  /** Which of several; 0: the first. */
  readonly index: number;
}

/**
 * How far operators are fused: `fused` takes all kernels that the family has of its own, `attention` its attention alone,
 * `standard` nothing but operators of the ONNX standard. A device that fails its self-test with one is tried with the next.
 */
export type Fusion = 'fused' | 'attention' | 'standard';

/** Of the arithmetic. `int8`: of the linear layers, on the CPU; float32 elsewhere. */
export type Precision = 'fp32' | 'fp16' | 'int8';

export interface Target extends Device {
  readonly fusion: Fusion;
  readonly precision: Precision;
}

export const CPU: Target = { family: 'cpu', index: 0, fusion: 'fused', precision: 'fp32' };

/** What users write and results say: `cpu`, `cuda`, `cuda:1`. */
export const deviceName = ({ family, index }: Device): string => (index === 0 ? family : `${family}:${index}`);
