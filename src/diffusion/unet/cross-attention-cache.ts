/** Caches cross-attention keys and values of prompts (models/networks/cross-attention-cache.ts). */
import { PROMPT } from '../../models/networks/cross-attention-cache.js';
import type { Feeds, Session } from '../../onnx/runtime/session.js';
import type { Tensor } from '../../tensor/tensor.js';

/** A step of a job needs two if prompt and negative prompt have different lengths. */
const PROMPTS_PER_JOB = 2;

/** Keeps the keys and values of the running jobs' prompts for the next step; 60 MB each with the published refiner. */
export class CrossAttentionCache {
  #entries: readonly { prompt: Tensor; kv: Feeds }[] = [];

  /** @param jobs that run at a time */
  constructor(
    readonly session: Session,
    readonly jobs = 1,
  ) {}

  /** @param prompt f32 [B,T,width]; the same object is the same prompt @returns the UNet's inputs @throws SESSION_RUN */
  async of(prompt: Tensor): Promise<Feeds> {
    const cached = this.#entries.find((entry) => entry.prompt === prompt);
    if (cached !== undefined) return cached.kv;
    const kv = await this.session.run({ [PROMPT]: prompt });
    this.#entries = [{ prompt, kv }, ...this.#entries].slice(0, PROMPTS_PER_JOB * this.jobs);
    return kv;
  }
}
