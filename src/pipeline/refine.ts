/**
 * One picture through the refiner: SDEdit (Meng et al. 2021, arXiv:2108.01073) in latent space, as diffusers 0.42's
 * StableDiffusionXLImg2ImgPipeline does it, number for number.
 */
import { VAE_SCALE } from '../networks/vae-config.js';
import { torchCpuNoise } from '../random/torch-cpu.js';
import type { RefineJob, RefineReply, RefineSettings } from '../records.js';
import { buildSchedule, configFor } from '../schedulers/registry.js';
import { stepRange } from '../schedulers/start.js';
import { concatBatch, sliceBatch, tensor, type Tensor } from '../tensor/tensor.js';
import { encodePrompts, zeroEmbeddings, type TextEmbeddings } from '../text/encode-prompt.js';
import { buildCondition, type Condition } from '../unet/predict-noise.js';
import { buildTimeIds } from '../unet/time-ids.js';
import { decode, encode, sampleLatents } from '../vae/autoencoder.js';
import { fromPixels, toPixels } from '../vae/pixels.js';
import { assertFinite, denoise } from './denoise.js';
import type { Model } from './load-model.js';

/** What is told on the way: how many steps there are, how many are done. */
export interface RefineProgress {
  step: number;
  steps: number;
}

/** @throws SESSION_RUN INFERENCE_NON_FINITE ROW_FIELD_INVALID, all of the row */
export async function* refine(model: Model, job: RefineJob): AsyncGenerator<RefineProgress, RefineReply> {
  const { settings, input } = job;
  const noise = torchCpuNoise(settings.seed);

  // 1. The schedule, and the part of it that runs.
  const config = configFor(settings.scheduler, model.schedulerConfig);
  const schedule = buildSchedule(config, settings.steps);
  const range = stepRange(schedule, settings);
  yield { step: 0, steps: range.end - range.begin };

  // 2. The picture as latents. The encoder's draw comes first, as in diffusers: the order decides the picture.
  const clean =
    input.kind === 'latents'
      ? tensor(input.latents.data, [1, 4, input.latents.height, input.latents.width])
      : await encodePixels(model, fromPixels(input.pixels), (count) => noise.normal(count));

  // 3. Noise for the first step. Latents that come from the middle of a schedule are noisy already.
  const noisy =
    settings.denoisingStart === null
      ? tensor(schedule.addNoise(clean.data, noise.normal(clean.data.length), range.begin), clean.dims)
      : clean;

  // 4. Prompt, negative prompt and micro-conditioning.
  const [, , latentHeight = 0, latentWidth = 0] = clean.dims;
  const [height, width] = [latentHeight * VAE_SCALE, latentWidth * VAE_SCALE];
  const condition = await buildConditions(model, settings, [height, width]);

  // 5. Denoise.
  const { unet } = model;
  const { guidanceScale } = settings;
  const steps = denoise(noisy, { unet, schedule, range, condition, guidanceScale, noise });
  let latents = noisy;
  let done = 0;
  for await (latents of steps) yield { step: ++done, steps: range.end - range.begin };

  // 6. Back to pixels.
  const reply = { stepsRun: done, scheduler: schedule.name, width, height };
  if (job.output === 'latents') {
    return {
      ...reply,
      output: { kind: 'latents', latents: { data: latents.data, width: latentWidth, height: latentHeight } },
    };
  }
  const picture = assertFinite('VAE decoder', await decode(model.vae, latents));
  return { ...reply, output: { kind: 'pixels', pixels: toPixels(picture, job.bitDepth) } };
}

const encodePixels = async (model: Model, picture: Tensor, draw: (count: number) => Float32Array): Promise<Tensor> => {
  const moments = await encode(model.vae, picture);
  assertFinite('VAE encoder', moments.mean);
  return sampleLatents(model.vae.config, moments, draw(moments.mean.data.length));
};

/** Batch of two (negative, positive) under guidance, else of one. */
const buildConditions = async (
  model: Model,
  settings: RefineSettings,
  size: readonly [number, number],
): Promise<Condition> => {
  const timeIds = buildTimeIds(model.timeIds, settings, size);
  if (settings.guidanceScale <= 1) {
    const { hidden, pooled } = await encodePrompts(model.textEncoders, [settings.prompt]);
    return buildCondition(model.unet, hidden, pooled, [timeIds.positive]);
  }
  const embeddings = await encodeBoth(model, settings);
  return buildCondition(model.unet, embeddings.hidden, embeddings.pooled, [timeIds.negative, timeIds.positive]);
};

const encodeBoth = async (model: Model, { prompt, negativePrompt }: RefineSettings): Promise<TextEmbeddings> => {
  const both = await encodePrompts(model.textEncoders, [negativePrompt, prompt]);
  if (negativePrompt !== '' || !model.zeroEmptyNegative) return both;
  const zero = zeroEmbeddings({ hidden: sliceBatch(both.hidden, 0, 1), pooled: sliceBatch(both.pooled, 0, 1) });
  return {
    hidden: concatBatch([zero.hidden, sliceBatch(both.hidden, 1, 2)]),
    pooled: concatBatch([zero.pooled, sliceBatch(both.pooled, 1, 2)]),
  };
};
