/** Caches cross-attention keys and values of prompts (models/networks/cross-attention-cache.ts). */
import { PROMPT } from '../../models/networks/cross-attention-cache.js';
import type { Feeds, Session } from '../../onnx/runtime/session.js';
import type { Tensor } from '../../tensor/tensor.js';

/** A step of a job needs two if prompt and negative prompt have different lengths. */
const PROMPTS_PER_JOB = 2;

/** Longer prompts are projected again at each step, which is a small part of its time. */
const MOST_BYTES = 2 ** 31;

type Outputs = Awaited<ReturnType<Session['run']>>;

const bytesOf = (kv: Outputs): number => Object.values(kv).reduce((sum, { data }) => sum + data.byteLength, 0);

/** Keeps the keys and values of the running jobs' prompts for the next step; 60 MB for each 77 tokens with the published refiner. */
export class CrossAttentionCache {
  #entries: readonly { prompt: Tensor; kv: Outputs; bytes: number }[] = [];

  /** @param jobs that run at a time */
  constructor(
    readonly session: Session,
    readonly jobs = 1,
    private readonly mostBytes = MOST_BYTES,
  ) {}

  /** @param prompt f32 [B,T,width]; the same object is the same prompt @returns the UNet's inputs @throws SESSION_RUN */
  async of(prompt: Tensor): Promise<Feeds> {
    const cached = this.#entries.find((entry) => entry.prompt === prompt);
    if (cached !== undefined) return cached.kv;
    const kv = await this.session.run({ [PROMPT]: prompt });
    let bytes = 0;
    this.#entries = [{ prompt, kv, bytes: bytesOf(kv) }, ...this.#entries]
      .slice(0, PROMPTS_PER_JOB * this.jobs)
      .filter((entry, index) => (bytes += entry.bytes) <= this.mostBytes || index === 0);
    return kv;
  }
}
