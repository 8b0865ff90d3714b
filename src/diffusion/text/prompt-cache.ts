/** Caches encoded prompts: rows share prompts, and most share the negative prompt. */
import type { PromptSyntax } from '../../records/settings.js';
import { encodeTexts } from './encode-by-syntax.js';
import type { TextEmbeddings, TextEncoder } from './encode-prompt.js';

/** Prompts; each takes half a megabyte for each chunk of each text. */
const LIMIT = 64;

export class PromptCache {
  /** In order of use: the latest is last. */
  readonly #cached = new Map<string, readonly TextEmbeddings[]>();

  constructor(
    private readonly encoders: readonly TextEncoder[],
    private readonly limit = LIMIT,
  ) {}

  /**
   * Encodes each prompt alone: in a batch the last digits could differ, and an image must not depend on earlier rows.
   * @param texts of one prompt at different steps (prompt editing)
   * @throws SESSION_RUN ROW_FIELD_INVALID
   */
  async encode(texts: readonly string[], syntax: PromptSyntax = 'plain'): Promise<readonly TextEmbeddings[]> {
    const key = JSON.stringify([syntax, ...texts]);
    const found = this.#cached.get(key) ?? (await encodeTexts(this.encoders, texts, syntax));
    this.#cached.delete(key);
    this.#cached.set(key, found);
    const [oldest] = this.#cached.keys();
    if (oldest !== undefined && this.#cached.size > this.limit) this.#cached.delete(oldest);
    return found;
  }
}
