/** Warns of tensors that no network uses: other programs may compute something else with such a model. */
import { listSome } from '../../errors.js';
import { showName } from '../../models/weights/safetensors/format-value.js';

/** Buffers and training state, which are not weights. */
const HARMLESS = /(?:^|\.)(?:(?:position_ids|logit_scale)$|model_ema\b|loss\.)/;

/** null: no such tensors. */
export const unusedWarning = (names: readonly string[]): string | null => {
  const unused = names.filter((name) => !HARMLESS.test(name));
  if (unused.length === 0) return null;
  return (
    `The model has tensors that no SDXL network uses: ${listSome(unused.map(showName))}; ignored. ` +
    'If its own program uses them, its pictures differ from these.'
  );
};
