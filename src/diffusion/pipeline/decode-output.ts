/** Decodes final latents to pixels, or returns them unchanged if the job asks for latents. */
import type { RefineJob, RefineOutput } from '../../records/job.js';
import type { Tensor } from '../../tensor/tensor.js';
import { decode } from '../vae/autoencoder.js';
import { toPixels } from '../vae/pixels.js';
import { assertFinite } from './denoise.js';
import type { Model } from './load-model.js';

/** @param latents f32 [1,4,h,w], scaled @throws SESSION_RUN INFERENCE_NON_FINITE */
export const decodeOutput = async (
  model: Model,
  { output, bitDepth }: Pick<RefineJob, 'output' | 'bitDepth'>,
  latents: Tensor,
): Promise<RefineOutput> => {
  if (output === 'latents') {
    const [, , height = 0, width = 0] = latents.dims;
    return { kind: 'latents', latents: { data: latents.data, width, height } };
  }
  const image = assertFinite('VAE decoder', await decode(model.vae, latents));
  return { kind: 'pixels', pixels: toPixels(image, bitDepth) };
};
