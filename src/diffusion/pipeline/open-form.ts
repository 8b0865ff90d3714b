/** Opens another form of the UNet for a row's setting. */
import { messageOf, RefineError } from '../../errors.js';
import type { UnetForm } from '../../models/networks/unet.js';
import type { Session } from '../../onnx/runtime/session.js';
import type { Unet } from '../unet/predict-noise.js';

/**
 * A form that cannot be opened, as on a GPU whose memory is full, fails the row: rows without the setting do not need it.
 * @param field the setting @param mend how to do without it
 * @throws SESSION_RUN
 */
export const openForm = async (
  unet: Unet,
  form: UnetForm,
  { field, mend }: { field: string; mend: string },
): Promise<Session> => {
  if (unet.openForm === undefined) throw new Error(`${field} was not checked against the model`);
  try {
    return await unet.openForm(form);
  } catch (cause) {
    const message = `Expected room for the second UNet that ${field} needs, and it did not open: ${messageOf(cause)} Free memory, or ${mend}.`;
    throw new RefineError('SESSION_RUN', message, { context: { field }, cause });
  }
};
