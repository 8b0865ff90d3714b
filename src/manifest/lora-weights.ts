/** The weights of a run's adapters in one row. */
import { RefineError } from '../errors.js';
import type { LoraChoice } from '../records.js';
import type { RowValues } from './row-keys.js';

/** @returns a weight for each of the run's: the row's own, else that of the run */
export const resolveLoraWeights = (
  { lora_weights: own = {} }: RowValues,
  loras: readonly LoraChoice[],
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    loras.map(({ name, weight }) => [name, Object.hasOwn(own, name) ? (own[name] ?? weight) : weight]),
  );

/** Names that the run does not have. */
export function* loraProblems(
  { lora_weights: own = {} }: RowValues,
  { loras = [] }: { loras?: readonly LoraChoice[] },
): Generator<RefineError> {
  const known = loras.map(({ name }) => name);
  for (const name of Object.keys(own)) {
    if (known.includes(name)) continue;
    const found = known.length === 0 ? 'the run has none' : `those of the run are ${known.join(', ')}`;
    yield new RefineError(
      'ROW_FIELD_INVALID',
      `Expected lora_weights to name LoRAs of the run, got "${name}": ${found}; correct it, or give its file with --lora`,
    );
  }
}
