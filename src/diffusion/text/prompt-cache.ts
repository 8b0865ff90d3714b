/** Caches encoded prompts: rows share prompts, and most share the negative prompt. */
import type { PromptSyntax } from '../../records/settings.js';
import { encodeTexts } from './encode-by-syntax.js';
import type { TextEmbeddings, TextEncoder } from './encode-prompt.js';

/** Number of prompts; each needs half a megabyte per chunk of each text. */
const LIMIT = 64;

export class PromptCache {
  /** In order of use, latest last. */
  readonly #cached = new Map<string, readonly TextEmbeddings[]>();

  constructor(
    private readonly encoders: readonly TextEncoder[],
    private readonly limit = LIMIT,
  ) {}

  /**
   * Encodes each prompt in a separate call: in a batch the last digits could differ, and an image must not depend on earlier rows.
   * @param texts of one prompt at different steps (prompt editing)
   * @throws SESSION_RUN ROW_FIELD_INVALID
   */
  async encode(texts: readonly string[], syntax: PromptSyntax = 'plain'): Promise<readonly TextEmbeddings[]> {
    const key = JSON.stringify([syntax, ...texts]);
    const embeddings = this.#cached.get(key) ?? (await encodeTexts(this.encoders, texts, syntax));
    this.#cached.delete(key);
    this.#cached.set(key, embeddings);
    const [oldest] = this.#cached.keys();
    if (oldest !== undefined && this.#cached.size > this.limit) this.#cached.delete(oldest);
    return embeddings;
  }
}
