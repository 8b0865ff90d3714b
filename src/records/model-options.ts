/** Options for opening a model: adapters, embeddings, memory. Types only. */

/** Whether the VAE runs over row strips of a picture: `auto` if the whole would not fit into memory. */
export type VaeTiling = 'auto' | 'on' | 'off';

/** On the CPU. `cached` keeps transformed convolution weights in a file four times their size; `lean` does not. */
export type MemoryUse = 'lean' | 'cached';

/** An adapter of a model: a LoRA, LoCon or DoRA. */
export interface LoraChoice {
  /** File name without extension; unique in a run. */
  name: string;
  file: string;
  /** For rows that give none. */
  weight: number;
  /** Named by rows, not by the user for all: if it does not fit the model, the run continues without it. */
  mayNotFit?: boolean;
}

/** A textual inversion, by its name in prompts. */
export interface EmbeddingChoice {
  /** Unique in a run, ignoring case. */
  name: string;
  file: string;
}
