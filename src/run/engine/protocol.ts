/** Messages between parent and child, by structured clone. Types only. */
import type { ErrorRecord } from '../../errors.js';
import type { RejectedDevice } from '../../onnx/devices/choose-target.js';
import type { DeviceRequest, PrecisionRequest } from '../../onnx/devices/device-request.js';
import type { Target } from '../../onnx/graph/operators/target.js';
import type { SchedulerConfig } from '../../diffusion/schedulers/registry.js';
import type { EmbeddingChoice, LoraChoice, MemoryUse, VaeTiling } from '../../records/model-options.js';
import type { EngineJob, RefineReply } from '../../records/job.js';
import type { Pixels } from '../../records/picture.js';

export interface EngineOptions {
  /** Folder of the model. */
  model: string;
  /** The model's name in results. */
  modelName: string;
  /** Folder or file of a VAE to use instead of the model's own. */
  vae?: string | null;
  /** Default: auto. */
  vaeTiling?: VaeTiling;
  /** Default: lean. */
  memory?: MemoryUse;
  /** Default: none. */
  loras?: readonly LoraChoice[];
  /** Default: none. */
  embeddings?: readonly EmbeddingChoice[];
  device: DeviceRequest;
  /** Default: auto. */
  precision?: PrecisionRequest;
}

/** An open engine. */
export interface EngineInfo {
  /** The model's name in results. */
  model: string;
  /** Identifies the model, wherever its files are. */
  modelDigest: string;
  /** The device in use. */
  device: string;
  precision: string;
  /** Devices that `auto` did not choose. */
  rejected: RejectedDevice[];
  /** The model's own scheduler; rows may name another. */
  schedulerConfig: SchedulerConfig;
  /** It takes an aesthetic score, as refiners do. */
  isRefiner?: boolean;
  /** For the user. */
  warnings?: readonly string[];
  /** Optional LoRAs, by name: digests of the applied, and why others were skipped. */
  loraDigests?: Readonly<Record<string, string>>;
  lorasLeftOut?: Readonly<Record<string, string>>;
  /** Time to open everything, in milliseconds. */
  openedInMs: number;
}

export type ToChild =
  { kind: 'open'; options: EngineOptions; target: Target } | { kind: 'refine'; job: EngineJob } | { kind: 'stop' };

export type FromChild =
  | { kind: 'opened'; info: Omit<EngineInfo, 'rejected'> }
  | { kind: 'progress'; step: number; steps: number; preview?: Pixels }
  /** Stopped on request, between two steps. */
  | { kind: 'stopped' }
  | { kind: 'refined'; reply: RefineReply }
  | { kind: 'failed'; error: ErrorRecord };
