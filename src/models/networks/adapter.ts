/** Changes that adapters (LoRA, LoCon, DoRA) make to a network. Types only. */
import type { LowRank } from '../weights/lora/adapter-file.js';

/** The change of one layer by one file. */
export interface LayerChange extends LowRank {
  /** DoRA: for each output, its magnitude over the norm of the changed weight's row; else null. */
  readonly gain: Float32Array | null;
}

/** The changes of one network by one file. */
export interface Adapter {
  /** The graph's input for its weight, f32 [1]. */
  readonly input: string;
  /** By layer name. */
  readonly layers: ReadonlyMap<string, LayerChange>;
}
