/** Messages between parent and child, by structured clone. */
import type { ErrorRecord } from '../../errors.js';
import type { RejectedDevice } from '../../onnx/devices/choose-target.js';
import type { DeviceRequest, PrecisionRequest } from '../../onnx/devices/device-request.js';
import type { Target } from '../../onnx/graph/operators/target.js';
import type { SchedulerConfig } from '../../diffusion/schedulers/registry.js';
import type { EmbeddingChoice, LoraChoice, MemoryUse, VaeTiling } from '../../records/model-options.js';
import type { MaxCacheDepth } from '../../records/unet-forms.js';
import type { EngineJob, RefineReply } from '../../records/job.js';
import type { Pixels } from '../../records/picture.js';

/** `auto`: 4 on CUDA, where four pictures of 512² halve the time of each (docs/performance.md), 1 elsewhere. */
export type BatchSize = number | 'auto';

const CUDA_BATCH_SIZE = 4;

export const batchSizeOn = (size: BatchSize, { family }: Pick<Target, 'family'>): number => {
  if (size !== 'auto') return size;
  return family === 'cuda' ? CUDA_BATCH_SIZE : 1;
};

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
  /** Jobs that run at a time and share network calls; default: 1. */
  batchSize?: BatchSize;
}

/** An open engine. */
export interface EngineInfo {
  /** The model's name in results. */
  model: string;
  /** Identifies the model, wherever its files are. */
  modelDigest: string;
  /** The device, or several, comma-separated. */
  device: string;
  precision: string;
  /** Devices that `auto` did not choose. */
  rejected: RejectedDevice[];
  /** The model's own scheduler; rows may name another. */
  schedulerConfig: SchedulerConfig;
  /** Whether it is conditioned on an aesthetic score, as refiners are. */
  isRefiner?: boolean;
  /** What DeepCache and FreeU can do with it; absent: unknown. */
  maxCacheDepth?: MaxCacheDepth;
  /** Of the pictures that the model was trained on, in pixels; absent: unknown. */
  side?: number;
  /** Warnings for the user. */
  warnings?: readonly string[];
  /** LoRAs that may not fit, by name: digests of those applied, and reasons why others were skipped. */
  loraDigests?: Readonly<Record<string, string>>;
  lorasLeftOut?: Readonly<Record<string, string>>;
  /** Time to open everything, in milliseconds. */
  openedInMs: number;
}

/** Messages have the numbers of their jobs: several can run at a time. */
export type ToChild =
  | { kind: 'open'; options: EngineOptions; target: Target }
  | { kind: 'refine'; id: number; job: EngineJob }
  | { kind: 'stop'; id: number };

export type FromChild =
  | { kind: 'opened'; id: typeof OPENING; info: Omit<EngineInfo, 'rejected'> }
  | { kind: 'progress'; id: number; step: number; steps: number; preview?: Pixels }
  /** Stopped on request. */
  | { kind: 'stopped'; id: number }
  | { kind: 'refined'; id: number; reply: RefineReply }
  | { kind: 'failed'; id: number; error: ErrorRecord };

/** The number for opening, in place of a job's. */
export const OPENING = 0;
