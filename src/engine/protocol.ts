/** What parent and child say to each other, by structured clone. Types only. */
import type { ErrorRecord } from '../errors.js';
import type { SchedulerConfig } from '../schedulers/registry.js';
import type { RefineJob, RefineReply } from '../records.js';

export interface EngineOptions {
  /** Folder of the model. */
  model: string;
  /** What results call it. */
  modelName: string;
  device: 'cpu';
}

/** What an open engine is. */
export interface EngineInfo {
  /** What results call it. */
  model: string;
  /** Tells models apart, wherever they lie. */
  modelDigest: string;
  device: string;
  precision: string;
  /** The model's own; rows may name another. */
  schedulerConfig: SchedulerConfig;
  /** Time to open everything, in milliseconds. */
  openedInMs: number;
}

export type ToChild = { kind: 'open'; options: EngineOptions } | { kind: 'refine'; job: RefineJob };

export type FromChild =
  | { kind: 'opened'; info: EngineInfo }
  | { kind: 'progress'; step: number; steps: number }
  | { kind: 'refined'; reply: RefineReply }
  | { kind: 'failed'; error: ErrorRecord };
