/**
 * Refines one image: SDEdit (Meng et al. 2021, arXiv:2108.01073) in latent space, number for number as diffusers 0.42's
 * StableDiffusionXLImg2ImgPipeline.
 */
import { runNoise } from '../random/run-noise.js';
import { expectUnetForms } from '../../records/unet-forms.js';
import { LATENT_SCALE, type Pixels } from '../../records/picture.js';
import { noCalls, type RefineJob, type RefineReply } from '../../records/job.js';
import { buildSchedule, configFor } from '../schedulers/registry.js';
import { stepRange } from '../schedulers/noise/step-range.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { buildTimeIds } from '../unet/time-ids.js';
import { encode, sampleLatents } from '../vae/autoencoder.js';
import { fromPixels } from '../vae/pixels.js';
import { fitPreview } from '../vae/preview.js';
import { buildConditions } from './build-conditioning.js';
import { truncationWarnings } from './truncation-warnings.js';
import { assertFinite, denoise } from './denoise.js';
import { decodeOutput } from './decode-output.js';
import { expectSize } from './expect-size.js';
import { openDeepCache } from './open-deep-cache.js';
import type { Model } from './load-model.js';
import { withFreeU } from './with-freeu.js';

/** Progress: steps done, of all steps. */
export interface RefineProgress {
  step: number;
  steps: number;
  /** A preview, if the job asks for it. */
  preview?: Pixels;
}

/** @throws SESSION_RUN INFERENCE_NON_FINITE ROW_FIELD_INVALID, all row errors */
export async function* refine(model: Model, job: RefineJob): AsyncGenerator<RefineProgress, RefineReply> {
  const { settings, input } = job;
  expectUnetForms(model.maxCacheDepth, settings);
  const noise = runNoise(settings);
  if (input.kind === 'pixels') expectSize(model.unet, input.pixels.width, input.pixels.height);
  else expectSize(model.unet, input.latents.width * LATENT_SCALE, input.latents.height * LATENT_SCALE);

  // 1. Schedule, and the steps that run.
  const config = configFor(settings.scheduler, model.schedulerConfig);
  const schedule = buildSchedule(config, settings.steps, settings);
  const range = stepRange(schedule, settings);
  yield { step: 0, steps: range.end - range.begin };

  // 2. Image to latents. The encoder draws its noise first: the order of draws determines the image.
  const clean =
    input.kind === 'latents'
      ? tensor(input.latents.data, [1, 4, input.latents.height, input.latents.width])
      : await encodePixels(model, fromPixels(input.pixels), settings.vaeSample === 'mean' ? null : noise.encoder);

  // 3. Noise of the first step. With `denoising_start` the latents are already noisy.
  const noisy =
    settings.denoisingStart === null
      ? tensor(schedule.addNoise(clean.data, noise.start(clean.dims), range.begin), clean.dims)
      : clean;

  // 4. Prompt, negative prompt and micro-conditioning.
  const [, , latentHeight = 0, latentWidth = 0] = clean.dims;
  const [height, width] = [latentHeight * LATENT_SCALE, latentWidth * LATENT_SCALE];
  const timeIds = buildTimeIds(model.timeIds, settings, [height, width]);
  const conditionsAt = await buildConditions(model, settings, timeIds, { schedule, range });

  // 5. Denoise.
  const unet = await withFreeU(model.unet, settings.freeu);
  const deepCache = await openDeepCache(unet, settings, schedule.order);
  const calls = noCalls();
  const steps = denoise(noisy, {
    ...{ unet, schedule, range, conditionsAt, settings, deepCache, calls },
    noise: noise.steps,
  });
  // oxlint-disable-next-line no-useless-assignment -- the loop that assigns it begins from it
  let latents = noisy;
  let done = 0;
  const preview = job.preview === true ? fitPreview(clean, input.kind === 'pixels' ? input.pixels : null) : null;
  for await (latents of steps) {
    yield { step: ++done, steps: range.end - range.begin, ...(preview === null ? {} : { preview: preview(latents) }) };
  }

  // 6. Decode.
  const output = await decodeOutput(model, job, latents);
  return {
    output,
    stepsRun: done,
    unetCalls: calls,
    scheduler: schedule.name,
    width,
    height,
    ...truncationWarnings(model, settings),
  };
}

/** @param draw null: the mean, without noise */
const encodePixels = async (
  model: Model,
  image: Tensor,
  draw: ((count: number) => Float32Array) | null,
): Promise<Tensor> => {
  const moments = await encode(model.vae, image);
  assertFinite('VAE encoder', moments.mean);
  return sampleLatents(model.vae.config, moments, draw === null ? null : draw(moments.mean.data.length));
};
