/** The denoising loop, as a generator: the caller reports progress. */
import { RefineError } from '../../errors.js';
import { noCalls, type UnetCalls } from '../../records/job.js';
import type { RefineSettings } from '../../records/settings.js';
import type { NoiseSource } from '../random/noise-source.js';
import type { Schedule } from '../schedulers/scheduler.js';
import type { StepRange } from '../schedulers/noise/step-range.js';
import { concatBatch, firstNonFinite, tensor, type Tensor } from '../../tensor/tensor.js';
import { agreement, applyGuidance } from '../unet/guidance.js';
import type { DeepCache } from '../unet/deep-cache.js';
import { predictNoise, type Condition, type Unet } from '../unet/predict-noise.js';
import type { ConditionsAt } from './build-conditioning.js';

export interface DenoiseOptions {
  unet: Unet;
  schedule: Schedule;
  range: StepRange;
  conditionsAt: ConditionsAt;
  settings: Pick<RefineSettings, 'guidanceScale' | 'guidanceRescale' | 'adaptiveGuidance' | 'eta'>;
  /** null: every call computes the whole UNet. */
  deepCache?: DeepCache | null;
  /** Counts the samples that the UNet computes. */
  calls?: UnetCalls;
  /** For samplers that add noise. */
  noise: NoiseSource;
}

/**
 * @param latents f32 [1,4,h,w], at the noise level of the first step of `range`
 * @yields the latents after each step
 * @throws INFERENCE_NON_FINITE SESSION_RUN
 */
export async function* denoise(latents: Tensor, options: DenoiseOptions): AsyncGenerator<Tensor, Tensor> {
  const { schedule, range, conditionsAt, noise } = options;
  const { guidanceScale, guidanceRescale, adaptiveGuidance, eta } = options.settings;
  const sampler = schedule.sampler(eta);
  let current = latents;
  let isGuided = true;
  for (let step = range.begin; step < range.end; step++) {
    const timestep = schedule.timesteps[step] ?? 0;
    const scaled = tensor(schedule.scaleModelInput(current.data, step), current.dims);
    const place = { timestep, call: step - range.begin };
    const predicted = await predictAll(options, scaled, place, conditionsAt(step, isGuided));
    const both = assertFinite('UNet', predicted, timestep);
    /* All calls of a step are guided or none: a second-order step takes the difference of two. */
    const isLastCall = (place.call + 1) % schedule.order === 0;
    if (adaptiveGuidance !== null && both.dims[0] === 2 && isLastCall) isGuided = agreement(both) < adaptiveGuidance;
    const prediction = both.dims[0] === 2 ? applyGuidance(both, guidanceScale, guidanceRescale) : both;
    current = tensor(sampler.step(prediction.data, step, current.data, noise), current.dims);
    yield current;
  }
  return current;
}

/** @returns f32 [1 or 2,4,h,w]: the unconditional prediction, if there is one, then the conditional */
const predictAll = async (
  { unet, deepCache = null, calls = noCalls() }: DenoiseOptions,
  sample: Tensor,
  { timestep, call }: { timestep: number; call: number },
  conditions: readonly Condition[],
): Promise<Tensor> => {
  const predictions: Tensor[] = [];
  for (const condition of conditions) {
    const start = performance.now();
    const { prediction, isCached } =
      deepCache === null
        ? { prediction: await predictNoise(unet, sample, timestep, condition), isCached: false }
        : await deepCache.predict(unet, sample, { timestep, condition, call });
    const [samples = 0] = prediction.dims;
    const ms = performance.now() - start;
    calls.samples += samples;
    calls.ms += ms;
    if (isCached) {
      calls.cached += samples;
      calls.cachedMs += ms;
    }
    predictions.push(prediction);
  }
  const [only, ...others] = predictions;
  return only !== undefined && others.length === 0 ? only : concatBatch(predictions);
};

/** @throws INFERENCE_NON_FINITE */
export const assertFinite = (stage: string, value: Tensor, timestep?: number): Tensor => {
  if (firstNonFinite(value.data) === -1) return value;
  const when = timestep === undefined ? '' : ` at timestep ${timestep}`;
  throw new RefineError(
    'INFERENCE_NON_FINITE',
    `${stage} produced NaN or Inf${when}. If other rows do not, use less extreme settings (guidance_scale, prompt weights, scheduler, steps). Else the weights may be damaged (check with "sdxl-refine models verify"), or stored in a precision too small for them.`,
    { context: { stage } },
  );
};
