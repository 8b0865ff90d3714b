import { RefineError } from '../../errors.js';
import type { FreeU } from '../../records/settings.js';
import { freeuFeeds } from '../unet/freeu.js';
import { unetFeeds, type Unet } from '../unet/predict-noise.js';

/** The UNet with FreeU. @param freeu null: the UNet unchanged @throws ROW_FIELD_INVALID SESSION_CREATE */
export const withFreeU = async (unet: Unet, freeu: FreeU | null): Promise<Unet> => {
  if (freeu === null) return unet;
  const { config, openForm } = unet;
  if (openForm === undefined) {
    throw new RefineError(
      'ROW_FIELD_INVALID',
      'Expected no freeu with an ONNX export, whose UNet has no inputs for it: remove it, or give the model as safetensors',
    );
  }
  const usual = unetFeeds(config);
  const feeds: NonNullable<Unet['feeds']> = (sample, timestep, condition) => {
    const [, , height = 1, width = 1] = sample.dims;
    return { ...usual(sample, timestep, condition), ...freeuFeeds(config, [height, width], freeu) };
  };
  return {
    ...unet,
    session: await openForm({ hasFreeU: true }),
    openForm: (form) => openForm({ hasFreeU: true, ...form }),
    feeds,
  };
};
