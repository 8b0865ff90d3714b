/** What `doctor` finds, as `--json` prints it. Types only. */
import type { ErrorCode } from '../errors.js';

/** A reason why no run can work here. */
export interface Problem {
  code: ErrorCode;
  message: string;
}

export interface SelfTestResult {
  /** Largest difference from the same arithmetic in float64, and the largest that is accepted. */
  max_error: number;
  tolerance: number;
  duration_ms: number;
}

export interface DeviceReport {
  name: string;
  /** Whether this version of the program runs on it. */
  supported: boolean;
  /** null: not tried, because it is not supported. */
  self_test: SelfTestResult | null;
}

export interface EngineReport {
  /** Of onnxruntime-node; null: it could not be loaded. */
  version: string | null;
  devices: DeviceReport[];
  problem: Problem | null;
}

export interface MachineReport {
  node: { version: string; required: string; ok: boolean };
  platform: string;
  arch: string;
  os_release: string;
  /** null: the system does not say. */
  cpu: string | null;
  /** Of those that decide how fast inference is; null: unreadable here. */
  cpu_features: string[] | null;
  cores: number;
  /** `limit_bytes`: of the container or control group; null: none. */
  memory: { total_bytes: number; free_bytes: number; limit_bytes: number | null };
  /** `free_bytes` null: the system does not say. */
  disks: { use: string; folder: string; free_bytes: number | null }[];
}

export interface CudaReport {
  /** onnxruntime-node has CUDA for this system at all. */
  available: boolean;
  /** Version of NVIDIA's driver; null: none is loaded. */
  driver: string | null;
  libraries: { name: string; path: string | null }[];
  provider: { name: string; path: string | null };
  /** Commands that get what is missing. */
  commands: string[];
}

export interface CachedModel {
  /** Hub id: `stabilityai/stable-diffusion-xl-refiner-1.0`. */
  id: string;
  /** Folder for `--model`. */
  folder: string;
  pipeline: string;
  bytes: number;
  /** null: complete. */
  problem: string | null;
}

export interface DoctorReport {
  version: string;
  ok: boolean;
  /** Of a run that would be started here. */
  exit_code: number;
  /** Each ends every run; the first decides the exit code. */
  problems: Problem[];
  machine: MachineReport;
  engine: EngineReport;
  cuda: CudaReport;
  model: { folder: string; opened_in_ms: number | null; problem: Problem | null };
  cache: { folder: string; exists: boolean; models: CachedModel[] };
  output: { folder: string; problem: Problem | null };
}
