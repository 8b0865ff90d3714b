/** Prompts encoded once in a run: rows share prompts, and most share the negative one. */
import type { PromptSyntax } from '../../records/settings.js';
import { encodeTexts } from './encode-by-syntax.js';
import type { TextEmbeddings, TextEncoder } from './encode-prompt.js';

/** Half a megabyte each, for each chunk of each text. */
const LIMIT = 64;

export class PromptMemory {
  /** The one used last comes last. */
  readonly #known = new Map<string, readonly TextEmbeddings[]>();

  constructor(
    private readonly encoders: readonly TextEncoder[],
    private readonly limit = LIMIT,
  ) {}

  /**
   * Each prompt is encoded alone: in a batch its numbers could differ in the last place, and a picture must not depend on the
   * rows before it.
   * @param texts what one prompt is at different steps; default: always the same
   * @throws SESSION_RUN ROW_FIELD_INVALID
   */
  async encode(texts: readonly string[], syntax: PromptSyntax = 'plain'): Promise<readonly TextEmbeddings[]> {
    const key = JSON.stringify([syntax, ...texts]);
    const found = this.#known.get(key) ?? (await encodeTexts(this.encoders, texts, syntax));
    this.#known.delete(key);
    this.#known.set(key, found);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > this.limit) this.#known.delete(oldest);
    return found;
  }
}
