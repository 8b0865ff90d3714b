/** Opens another form of the UNet for a row's setting. */
import type { UnetForm } from '../../models/networks/unet.js';
import { openLate } from '../../onnx/runtime/open-late.js';
import type { Session } from '../../onnx/runtime/session.js';
import type { Unet } from '../unet/predict-noise.js';

/**
 * A form for which a device has no room fails the row: rows without the setting do not need it.
 * @param field the setting @param mend how to do without it
 * @throws SESSION_RUN; WEIGHTS_* and CACHE_UNWRITABLE, which concern all rows
 */
export const openForm = async (
  unet: Unet,
  form: UnetForm,
  { field, mend }: { field: string; mend: string },
): Promise<Session> => {
  const { openForm: open } = unet;
  if (open === undefined) throw new Error(`${field} was not checked against the model`);
  return openLate(() => open(form), mend, { field });
};
