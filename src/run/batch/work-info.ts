import type { EngineInfo } from '../engine/protocol.js';

/** The models of a run. `model` is the one that gives the pictures, `modelDigest` is of all. */
export interface WorkInfo extends EngineInfo {
  /** Of `generate`: the base model, as results call it. */
  baseModel?: string;
}
