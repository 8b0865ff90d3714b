/** How a model is opened: its adapters, embeddings, memory. Types only. */

/** Whether the VAE runs over bands of a picture: `auto` where the whole would not fit into memory. */
export type VaeTiling = 'auto' | 'on' | 'off';

/** On the CPU. `fast` keeps convolutions' weights transformed, in a file four times as large as they are; `lean` has none. */
export type MemoryUse = 'lean' | 'fast';

/** An adapter of a model: a LoRA, LoCon or DoRA. */
export interface LoraChoice {
  /** The file's, without its ending; unique in a run. */
  name: string;
  file: string;
  /** Where a row gives none. */
  weight: number;
  /** Rows named it, and not the user for all: where it does not fit the model, the run goes on without it. */
  mayNotFit?: boolean;
}

/** A textual inversion, by the name that prompts have for it. */
export interface EmbeddingChoice {
  /** Unique in a run, whatever its case. */
  name: string;
  file: string;
}
