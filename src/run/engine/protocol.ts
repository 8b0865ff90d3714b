/** What parent and child say to each other, by structured clone. Types only. */
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
  /** What results call it. */
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

/** What an open engine is. */
export interface EngineInfo {
  /** What results call it. */
  model: string;
  /** Tells models apart, wherever they lie. */
  modelDigest: string;
  /** What it runs on, whatever was asked for. */
  device: string;
  precision: string;
  /** Devices that `auto` passed by. */
  turnedDown: RejectedDevice[];
  /** The model's own; rows may name another. */
  schedulerConfig: SchedulerConfig;
  /** It takes an aesthetic score, as refiners do. */
  isRefiner?: boolean;
  /** For people. */
  warnings?: readonly string[];
  /** Of LoRAs that need not fit, by their names: what tells their files apart, and why some are left out. */
  loraDigests?: Readonly<Record<string, string>>;
  lorasLeftOut?: Readonly<Record<string, string>>;
  /** Time to open everything, in milliseconds. */
  openedInMs: number;
}

export type ToChild =
  { kind: 'open'; options: EngineOptions; target: Target } | { kind: 'refine'; job: EngineJob } | { kind: 'stop' };

export type FromChild =
  | { kind: 'opened'; info: Omit<EngineInfo, 'turnedDown'> }
  | { kind: 'progress'; step: number; steps: number; preview?: Pixels }
  /** As it was told to, between two steps. */
  | { kind: 'stopped' }
  | { kind: 'refined'; reply: RefineReply }
  | { kind: 'failed'; error: ErrorRecord };
