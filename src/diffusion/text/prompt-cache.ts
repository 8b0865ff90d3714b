/** Caches encoded prompts: rows share prompts, and most share the negative prompt. */
import { createHash } from 'node:crypto';
import type { PromptSyntax } from '../../records/settings.js';
import { NO_PAUSE, type Pause } from '../../onnx/runtime/before-runs.js';
import { encodeTexts } from './encode-by-syntax.js';
import type { TextEmbeddings, TextEncoder } from './encode-prompt.js';

/** Prompts. */
const MOST_PROMPTS = 64;
/** Of all of them: 64 prompts of five chunks with the base model, which takes 0.6 MB for a chunk of each text. */
const MOST_BYTES = 256 * 2 ** 20;

export class PromptCache {
  /** In order of use, latest last. */
  readonly #cached = new Map<string, { embeddings: readonly TextEmbeddings[]; bytes: number }>();
  #bytes = 0;

  constructor(
    private readonly encoders: readonly TextEncoder[],
    private readonly most: { prompts?: number; bytes?: number } = {},
  ) {}

  /**
   * Encodes each prompt in a separate call: in a batch the last digits could differ, and an image must not depend on earlier rows.
   * @param texts of one prompt at different steps (prompt editing)
   * @param pause before each run of a text encoder
   * @throws SESSION_RUN ROW_FIELD_INVALID, and what `pause` throws
   */
  async encode(
    texts: readonly string[],
    syntax: PromptSyntax = 'plain',
    pause: Pause = NO_PAUSE,
  ): Promise<readonly TextEmbeddings[]> {
    const key = digestOf([syntax, ...texts]);
    const embeddings = this.#cached.get(key)?.embeddings ?? (await encodeTexts(this.encoders, texts, syntax, pause));
    this.#forget(key);
    const bytes = bytesOf(embeddings);
    this.#cached.set(key, { embeddings, bytes });
    this.#bytes += bytes;
    const { prompts = MOST_PROMPTS, bytes: mostBytes = MOST_BYTES } = this.most;
    for (const oldest of this.#cached.keys()) {
      if (this.#cached.size <= 1 || (this.#cached.size <= prompts && this.#bytes <= mostBytes)) break;
      this.#forget(oldest);
    }
    return embeddings;
  }

  #forget(key: string): void {
    this.#bytes -= this.#cached.get(key)?.bytes ?? 0;
    this.#cached.delete(key);
  }
}

/** A thousand texts of prompt editing are long. */
const digestOf = (texts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(texts)).digest('base64');

/** Equal texts share their embeddings. */
const bytesOf = (embeddings: readonly TextEmbeddings[]): number =>
  [...new Set(embeddings)].reduce(
    (sum, { hidden, pooled }) => sum + hidden.data.byteLength + pooled.data.byteLength,
    0,
  );
