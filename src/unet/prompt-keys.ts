/** Keys and values of prompts, made by a network of their own (networks/prompt-keys.ts). */
import { PROMPT } from '../networks/prompt-keys.js';
import type { Feeds, Network } from '../runtime/network.js';
import type { Condition } from './predict-noise.js';

/** A step asks two conditions, where the prompt and the negative prompt are not equally long. */
const KEPT = 2;

/** Each 60 MB with the published refiner: those of the last conditions are kept, which the next step asks again. */
export class PromptKeys {
  #kept: readonly { condition: Condition; keys: Feeds }[] = [];

  constructor(readonly network: Network) {}

  /** @returns what the UNet takes @throws SESSION_RUN */
  async of(condition: Condition): Promise<Feeds> {
    const found = this.#kept.find((entry) => entry.condition === condition);
    if (found !== undefined) return found.keys;
    const keys = await this.network.run({ [PROMPT]: condition.prompt });
    this.#kept = [{ condition, keys }, ...this.#kept].slice(0, KEPT);
    return keys;
  }
}
