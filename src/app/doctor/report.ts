/** What `doctor` finds, as `--json` prints it. Types only. */
import type { CudaReport } from '../../onnx/libraries/cuda-libraries.js';
import type { SelfTestResult, Speed } from '../../onnx/devices/probe-result.js';
import type { ErrorCode } from '../../errors.js';
import type { Fusion, Precision } from '../../onnx/graph/operators/target.js';
import type { CachedModels } from '../../models/hub/list-cached.js';

/** A reason why no run can work here. */
export interface Problem {
  code: ErrorCode;
  message: string;
}

export interface DeviceReport {
  name: string;
  /** Its self-test passed. */
  works: boolean;
  /** That it would compute with; null: it does not work. */
  precision: Precision | null;
  /** Of what passed, or of the CPU; null: it gave no numbers. */
  self_test: SelfTestResult | null;
  /** Why it does not work; null: it does. */
  reason: string | null;
  /** Each way of computing that was tried, the best first. Absent where what it needs is not here. */
  tried?: { precision: Precision; fusion: Fusion; max_error: number | null; problem: string | null }[];
  /** The same matrix products on it and on the CPU. */
  speed?: Speed;
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

/** Files made from weights; they may be deleted, and are made again when they are needed. */
export interface PreparedReport {
  folder: string;
  files: number;
  bytes: number;
}

/** No folder, because neither the environment nor the system says where. */
export interface FolderUnknown {
  folder: null;
  problem: Problem;
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
  /** With a problem where nothing says where the folder is: a run whose model is at hand needs neither. */
  cache: CachedModels | FolderUnknown;
  prepared: PreparedReport | FolderUnknown;
  output: { folder: string; problem: Problem | null };
}
