/**
 * Generates an image from noise and a prompt, number for number as diffusers 0.42.1's StableDiffusionXLPipeline: all steps, or
 * those before the handoff to a refiner.
 */
import { runNoise } from '../random/run-noise.js';
import { expectUnetForms } from '../../records/unet-forms.js';
import { LATENT_SCALE } from '../../records/picture.js';
import { noCalls, type GenerateJob, type RefineReply } from '../../records/job.js';
import { rangeFromNoise } from '../schedulers/noise/handoff.js';
import { buildSchedule, configFor } from '../schedulers/registry.js';
import { tensor } from '../../tensor/tensor.js';
import { buildTimeIds } from '../unet/time-ids.js';
import { buildConditions } from './build-conditioning.js';
import { truncationWarnings } from './truncation-warnings.js';
import { denoise } from './denoise.js';
import { decodeOutput } from './decode-output.js';
import { expectSize } from './expect-size.js';
import { openDeepCache } from './open-deep-cache.js';
import type { Model } from './load-model.js';
import type { RefineProgress } from './refine.js';
import { withFreeU } from './with-freeu.js';

/** Latents of SDXL have four channels. */
const CHANNELS = 4;

/** @throws SESSION_RUN INFERENCE_NON_FINITE ROW_FIELD_INVALID, all row errors */
export async function* generate(model: Model, job: GenerateJob): AsyncGenerator<RefineProgress, RefineReply> {
  const { settings, input } = job;
  expectUnetForms(model.maxCacheDepth, settings);
  const noise = runNoise(settings);

  // 1. Schedule, and the steps that run.
  const config = configFor(settings.scheduler, model.schedulerConfig);
  const schedule = buildSchedule(config, settings.steps, settings);
  const range = rangeFromNoise(schedule, settings.denoisingEnd, settings.steps);
  const steps = range.end - range.begin;
  yield { step: 0, steps };

  // 2. Initial noise.
  const side = model.unet.config.sampleSize * LATENT_SCALE;
  const [width, height] = [input.width ?? side, input.height ?? side];
  expectSize(model.unet, width, height);
  const dims = [1, CHANNELS, height / LATENT_SCALE, width / LATENT_SCALE];
  const initial = noise.start(dims).map((value) => value * Math.fround(schedule.initNoiseSigma));

  // 3. Prompt, negative prompt and micro-conditioning. Negative sizes count only if both are given, unlike in img2img.
  const timeIds = buildTimeIds(model.timeIds, settings, [height, width]);
  const hasNegativeSizes = settings.negativeOriginalSize !== null && settings.negativeTargetSize !== null;
  const { positive, negative } = timeIds;
  const ids = { positive, negative: hasNegativeSizes ? negative : positive };
  const conditionsAt = await buildConditions(model, settings, ids, { schedule, range });

  // 4. Denoise.
  const unet = await withFreeU(model.unet, settings.freeu);
  // oxlint-disable-next-line no-useless-assignment -- the loop that assigns it begins from it
  let latents = tensor(initial, dims);
  let done = 0;
  const deepCache = await openDeepCache(unet, settings, schedule.order);
  const calls = noCalls();
  const options = { unet, schedule, range, conditionsAt, settings, noise: noise.steps, deepCache, calls };
  for await (latents of denoise(latents, options)) {
    yield { step: ++done, steps };
  }

  // 5. Decode, unless the job asks for latents.
  const run = { stepsRun: done, unetCalls: calls, scheduler: schedule.name };
  const reply = { ...run, width, height, ...truncationWarnings(model, settings) };
  const output = await decodeOutput(model, job, latents);
  if (!job.keepLatents) return { ...reply, output };
  const [, , latentHeight = 0, latentWidth = 0] = dims;
  return { ...reply, output, latents: { data: latents.data, width: latentWidth, height: latentHeight } };
}
