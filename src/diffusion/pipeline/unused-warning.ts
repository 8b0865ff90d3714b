/** What to say of tensors that no network asked for: a model with more in it than is run is another model. */

import { showName } from '../../models/weights/safetensors/format-value.js';

/** Buffers and training's leavings that files hold besides weights. */
const HARMLESS = /(^|\.)(position_ids|logit_scale|model_ema\b.*|loss\..*)$/;
const SHOWN = 3;

/** null: nothing worth a word. */
export const unusedWarning = (names: readonly string[]): string | null => {
  const strange = names.filter((name) => !HARMLESS.test(name));
  if (strange.length === 0) return null;
  const more = strange.length > SHOWN ? ` and ${strange.length - SHOWN} more` : '';
  return (
    `The model has tensors that no network asks for: ${strange.slice(0, SHOWN).map(showName).join(', ')}${more}. ` +
    'If it was made with more than the SDXL networks, its pictures come out otherwise here.'
  );
};
