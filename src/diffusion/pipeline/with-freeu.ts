import type { FreeU } from '../../records/settings.js';
import { freeuFeeds } from '../unet/freeu.js';
import { unetFeeds, type Unet } from '../unet/predict-noise.js';
import { openForm } from './open-form.js';

/** The UNet with FreeU, for a model that `expectUnetForms` accepts. @param freeu null: the UNet unchanged @throws SESSION_RUN */
export const withFreeU = async (unet: Unet, freeu: FreeU | null): Promise<Unet> => {
  if (freeu === null) return unet;
  const { config, openForm: ownForm } = unet;
  const usual = unetFeeds(config);
  const feeds: NonNullable<Unet['feeds']> = (sample, timestep, condition) => {
    const [, , height = 1, width = 1] = sample.dims;
    return { ...usual(sample, timestep, condition), ...freeuFeeds(config, [height, width], freeu) };
  };
  return {
    ...unet,
    session: await openForm(unet, { hasFreeU: true }, { field: 'freeu', mend: 'leave freeu out' }),
    ...(ownForm === undefined ? {} : { openForm: (form) => ownForm({ hasFreeU: true, ...form }) }),
    feeds,
  };
};
