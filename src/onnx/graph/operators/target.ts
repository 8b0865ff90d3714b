/** The device, kernels and precision that a graph is written for. Types and tables only. */

export const DEVICE_FAMILIES = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const;
export type DeviceFamily = (typeof DEVICE_FAMILIES)[number];

/** A device of this machine. */
export interface Device {
  readonly family: DeviceFamily;
  /** 0 for the first of several. */
  readonly index: number;
}

/**
 * Fused kernels in use: `fused` all that the family has, `attention` those for attention and activations, `standard` none. A
 * device that fails its self-test with one level is probed with the next.
 */
export type Fusion = 'fused' | 'attention' | 'standard';

/** Precision of the arithmetic. `int8`: linear layers in int8 on the CPU, everything else in float32. */
export type Precision = 'fp32' | 'fp16' | 'int8';

export interface Target extends Device {
  readonly fusion: Fusion;
  readonly precision: Precision;
}

export const CPU: Target = { family: 'cpu', index: 0, fusion: 'fused', precision: 'fp32' };

/** As in `--device` and results: `cpu`, `cuda`, `cuda:1`. */
export const deviceName = ({ family, index }: Device): string => (index === 0 ? family : `${family}:${index}`);
