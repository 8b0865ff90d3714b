/** Types of `doctor`'s report, which `--json` prints. */
import type { CudaReport } from '../../onnx/libraries/cuda-libraries.js';
import type { SelfTestResult, Speed } from '../../onnx/devices/probe-result.js';
import type { ErrorCode } from '../../errors.js';
import type { Fusion, Precision } from '../../onnx/graph/operators/target.js';
import type { CachedModels } from '../../models/hub/list-cached.js';

/** A reason why no run works on this machine. */
export interface Problem {
  code: ErrorCode;
  message: string;
}

export interface DeviceReport {
  name: string;
  /** Whether its self-test passed. */
  works: boolean;
  /** Precision of `--precision auto`; null: the device does not work. */
  precision: Precision | null;
  /** Result of the test that passed, or of the CPU's test; null: no result. */
  self_test: SelfTestResult | null;
  /** Why the device does not work; null: it works. */
  reason: string | null;
  /** Combinations tried, best first. Absent if the device's requirements are missing. */
  tried?: { precision: Precision; fusion: Fusion; max_error: number | null; problem: string | null }[];
  /** Times of the same matrix multiplications on the device and on the CPU. */
  speed?: Speed;
}

export interface EngineReport {
  /** Version of onnxruntime-node; null: it could not be loaded. */
  version: string | null;
  devices: DeviceReport[];
  problem: Problem | null;
}

export interface MachineReport {
  node: { version: string; required: string; ok: boolean };
  platform: string;
  arch: string;
  os_release: string;
  /** null: unknown. */
  cpu: string | null;
  /** CPU features that decide the speed of inference; null: unknown. */
  cpu_features: string[] | null;
  cores: number;
  /** `limit_bytes`: limit of the container or control group; null: no limit. */
  memory: { total_bytes: number; free_bytes: number; limit_bytes: number | null };
  /** `free_bytes` null: unknown. */
  disks: { use: string; folder: string; free_bytes: number | null }[];
}

/** Files made from weights. They may be deleted; a later run makes them again. */
export interface PreparedReport {
  folder: string;
  files: number;
  bytes: number;
}

/** The folder is unknown, because neither the environment nor the system names it. */
export interface FolderUnknown {
  folder: null;
  problem: Problem;
}

export interface DoctorReport {
  version: string;
  ok: boolean;
  /** Exit code that a run would end with. */
  exit_code: number;
  /** Each ends every run; the first decides the exit code. */
  problems: Problem[];
  machine: MachineReport;
  engine: EngineReport;
  cuda: CudaReport;
  model: { folder: string; opened_in_ms: number | null; problem: Problem | null };
  /** An unknown folder is not a problem of the run: a model on this machine needs neither. */
  cache: CachedModels | FolderUnknown;
  prepared: PreparedReport | FolderUnknown;
  output: { folder: string; problem: Problem | null };
}
