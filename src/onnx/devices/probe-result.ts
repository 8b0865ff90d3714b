/** The result of probing a device. */
import type { Device, Target } from '../graph/operators/target.js';

export interface SelfTestResult {
  /** Largest difference from the same arithmetic in float64, and the largest accepted one. */
  max_error: number;
  tolerance: number;
  duration_ms: number;
}

/** A self-test with one precision and level of fusion. */
export interface Attempt {
  target: Target;
  /** null: it produced no output. */
  result: SelfTestResult | null;
  /** null: it passed. */
  problem: string | null;
}

/** Milliseconds for the same matrix multiplications. */
export interface Speed {
  device_ms: number;
  cpu_ms: number;
}

/** @param slowest largest accepted ratio to the CPU's time */
export const isSlower = ({ device_ms: device, cpu_ms: cpu }: Speed, slowest: number): boolean => device > slowest * cpu;

export interface ProbeResult {
  device: Device;
  /** The target that passed; null: none. */
  target: Target | null;
  /** In order; if one passed, it is the last. */
  attempts: Attempt[];
  /** null: not measured. */
  speed: Speed | null;
}
