/** What became of trying a device. */
import type { Device, Target } from '../graph/operators/target.js';

export interface SelfTestResult {
  /** Largest difference from the same arithmetic in float64, and the largest that is accepted. */
  max_error: number;
  tolerance: number;
  duration_ms: number;
}

/** One way of computing on a device, and how it went. */
export interface Attempt {
  target: Target;
  /** null: it gave no numbers. */
  result: SelfTestResult | null;
  /** null: the numbers are right. */
  problem: string | null;
}

/** The same matrix products, in milliseconds. */
export interface Speed {
  device_ms: number;
  cpu_ms: number;
}

/** @param slowest how many times as long as the CPU */
export const isSlower = ({ device_ms: device, cpu_ms: cpu }: Speed, slowest: number): boolean => device > slowest * cpu;

export interface DeviceTrial {
  device: Device;
  /** What passed; null: nothing. */
  target: Target | null;
  /** In the order tried; the last is the one that passed, if one did. */
  attempts: Attempt[];
  /** null: not measured. */
  speed: Speed | null;
}
