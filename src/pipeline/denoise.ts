/** The denoising loop, as a generator: the caller owns the progress bar. */
import { RefineError } from '../errors.js';
import type { NoiseSource } from '../random/noise-source.js';
import type { Schedule } from '../schedulers/scheduler.js';
import type { StepRange } from '../schedulers/start.js';
import { firstNonFinite, tensor, type Tensor } from '../tensor/tensor.js';
import { guide } from '../unet/guidance.js';
import { predictNoise, type Condition, type Unet } from '../unet/predict-noise.js';

export interface DenoiseOptions {
  unet: Unet;
  schedule: Schedule;
  range: StepRange;
  /** Batch of two (unconditional, conditional) where there is guidance, else of one. */
  condition: Condition;
  guidanceScale: number;
  /** For samplers that draw. */
  noise: NoiseSource;
}

/**
 * @param latents f32 [1,4,h,w], noisy as the first step of `range` expects
 * @yields the latents after each step
 * @throws INFERENCE_NON_FINITE SESSION_RUN
 */
export async function* denoise(latents: Tensor, options: DenoiseOptions): AsyncGenerator<Tensor, Tensor> {
  const { unet, schedule, range, condition, guidanceScale, noise } = options;
  const sampler = schedule.sampler();
  let current = latents;
  for (let step = range.begin; step < range.end; step++) {
    const timestep = schedule.timesteps[step] ?? 0;
    const scaled = tensor(schedule.scaleModelInput(current.data, step), current.dims);
    const both = assertFinite('UNet', await predictNoise(unet, scaled, timestep, condition), timestep);
    const prediction = both.dims[0] === 2 ? guide(both, guidanceScale) : both;
    current = tensor(sampler.step(prediction.data, step, current.data, noise), current.dims);
    yield current;
  }
  return current;
}

/** @throws INFERENCE_NON_FINITE */
export const assertFinite = (stage: string, value: Tensor, timestep?: number): Tensor => {
  if (firstNonFinite(value.data) === -1) return value;
  const when = timestep === undefined ? '' : ` at timestep ${timestep}`;
  throw new RefineError(
    'INFERENCE_NON_FINITE',
    `The ${stage} gave numbers that are not finite${when}. The weights may be damaged, or stored in a precision too small for them.`,
    { context: { stage } },
  );
};
