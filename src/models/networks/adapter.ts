/** What adapters change in a network. Types only. */
import type { LowRank } from '../weights/lora/adapter-file.js';

/** What one file changes in one layer. */
export interface LayerChange extends LowRank {
  /** Of a DoRA: for each output, its length over the length of the changed weight's row. */
  readonly gain: Float32Array | null;
}

/** What one file changes in one network. */
export interface Adapter {
  /** The graph's input for its weight, f32 [1]. */
  readonly input: string;
  /** By the layers' names. */
  readonly layers: ReadonlyMap<string, LayerChange>;
}
