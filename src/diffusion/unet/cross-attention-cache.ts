/** Keys and values of prompts, made by a network of their own (models/networks/cross-attention-cache.ts). */
import { PROMPT } from '../../models/networks/cross-attention-cache.js';
import type { Feeds, Session } from '../../onnx/runtime/session.js';
import type { Tensor } from '../../tensor/tensor.js';

/** A step asks two, where the prompt and the negative prompt are not equally long. */
const KEPT = 2;

/** Each 60 MB with the published refiner: those of the last prompts are kept, which the next step asks again. */
export class PromptKeys {
  #kept: readonly { prompt: Tensor; keys: Feeds }[] = [];

  constructor(readonly network: Session) {}

  /** @param prompt f32 [B,T,width], known again by being the same object @returns what the UNet takes @throws SESSION_RUN */
  async of(prompt: Tensor): Promise<Feeds> {
    const found = this.#kept.find((entry) => entry.prompt === prompt);
    if (found !== undefined) return found.keys;
    const keys = await this.network.run({ [PROMPT]: prompt });
    this.#kept = [{ prompt, keys }, ...this.#kept].slice(0, KEPT);
    return keys;
  }
}
