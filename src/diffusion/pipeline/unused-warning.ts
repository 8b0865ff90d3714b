/** A warning about tensors that no network uses: such a model computes something else elsewhere. */

import { showName } from '../../models/weights/safetensors/format-value.js';

/** Buffers and training state besides weights. */
const HARMLESS = /(^|\.)(position_ids|logit_scale|model_ema\b.*|loss\..*)$/;
const SHOWN = 3;

/** null: no such tensors. */
export const unusedWarning = (names: readonly string[]): string | null => {
  const unused = names.filter((name) => !HARMLESS.test(name));
  if (unused.length === 0) return null;
  const more = unused.length > SHOWN ? ` and ${unused.length - SHOWN} more` : '';
  return (
    `The model has tensors that no SDXL network uses: ${unused.slice(0, SHOWN).map(showName).join(', ')}${more}; ignored. ` +
    'If its own program uses them, its pictures differ from these.'
  );
};
