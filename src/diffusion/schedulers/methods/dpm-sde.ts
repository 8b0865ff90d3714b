/**
 * DPM-Solver++ over the SDE in two stages (k-diffusion's `sample_dpmpp_sde`, A1111's DPM++ SDE): each step also predicts halfway in
 * log sigma, and its noise is a Brownian motion over sigma. Lu et al. 2022, arXiv:2211.01095; configuration and float32 arithmetic of
 * diffusers 0.42, schedulers/scheduling_dpmsolver_sde.py.
 */
import { brownianTree } from '../../random/brownian-tree.js';
import { type ConfigOf, number, oneOf, optional, wholeNumber } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import { denoiseAt } from './prediction.js';
import type { Sampler, UnnamedSchedule } from '../scheduler.js';
import { ancestralStep, levelsAtTimesteps, respace, sigmaSpace, twice } from './sigma-space.js';
import { SIGMA_FIELDS, timestepOf } from '../noise/sigmas.js';
import { TIMESTEP_FIELDS } from '../noise/timesteps.js';

const f32 = Math.fround;

export const DPM_SDE_FIELDS = {
  ...NOISE_FIELDS,
  ...TIMESTEP_FIELDS,
  ...SIGMA_FIELDS,
  prediction_type: oneOf(['epsilon', 'v_prediction'], 'epsilon'),
  beta_start: number(0.00085),
  beta_end: number(0.012),
  /** null: the run's seed; diffusers draws a random one. */
  noise_sampler_seed: optional(wholeNumber(0, 0, Number.MAX_SAFE_INTEGER)),
};
type SdeConfig = ConfigOf<typeof DPM_SDE_FIELDS>;

/** The method's time: minus the logarithm of sigma. */
const timeOf = (sigma: number): number => -f32(Math.log(sigma));
const sigmaOf = (time: number): number => f32(Math.exp(-time));
const halfway = (from: number, to: number): number => f32(from + f32(f32(to - from) * 0.5));

export const buildDpmSde = (config: SdeConfig, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config);
  const levels = respace(config, levelsAtTimesteps(config, trained, steps), trained, steps);
  const logSigmas = trained.sigmas.map(Math.log);
  const ends = Float32Array.of(...levels.sigmas, 0);
  const between = levels.sigmas.slice(0, -1).map((sigma, i) => Math.sqrt(sigma * levels.sigmas[i + 1]!));
  /** Sigma of each UNet call: even calls at a level, odd calls halfway to the next. */
  const callSigmas = Float32Array.from(
    levels.sigmas.flatMap((sigma, i) => {
      const next = levels.sigmas[i + 1];
      return next === undefined ? [sigma] : [sigma, sigmaOf(halfway(timeOf(f32(sigma)), timeOf(f32(next))))];
    }),
  );
  return {
    timesteps: Float32Array.from(
      levels.timesteps.flatMap((timestep, i) =>
        between[i] === undefined ? [timestep] : [timestep, timestepOf(between[i], logSigmas)],
      ),
    ),
    sigmas: Float32Array.of(...twice(levels.sigmas), 0),
    trainTimesteps: config.num_train_timesteps,
    order: 2,
    ...sigmaSpace(callSigmas, config.timestep_spacing),
    sampler: () => sample(config, ends, callSigmas),
  };
};

const sample = (config: SdeConfig, ends: Float32Array, callSigmas: Float32Array): Sampler => {
  /** Latents at the beginning of the current step; null between steps. */
  let begun: Float32Array | null = null;
  let motion: ReturnType<typeof brownianTree> | null = null;
  return {
    step: (prediction, step, latents, noise) => {
      const [from, to] = [ends[Math.floor(step / 2)]!, ends[Math.floor(step / 2) + 1]!];
      const denoise = denoiseAt(config.prediction_type, callSigmas[step]!);
      const clean = latents.map((value, i) => denoise(value, prediction[i]!));
      if (to === 0) return latents.map((value, i) => value + f32(f32(f32(value - clean[i]!) / from) * -from));
      motion ??= brownianTree(ends.at(-2)!, ends[0]!, config.noise_sampler_seed ?? noise.treeSeed, noise.ofSeed);
      const [time, timeTo] = [timeOf(from), timeOf(to)];
      const isHalf = begun === null;
      const base = begun ?? latents;
      begun = isHalf ? latents : null;
      const [high, low] = [sigmaOf(time), sigmaOf(isHalf ? halfway(time, timeTo) : timeTo)];
      const { up, down } = ancestralStep(high, low);
      const timeDown = timeOf(down);
      const sigmaRatio = f32(sigmaOf(timeDown) / high);
      const gained = f32(Math.expm1(f32(time - timeDown)));
      // The motion is over rising sigma, the step over falling sigma.
      const share = -up / f32(Math.sqrt(f32(high - low)));
      const fresh = motion(low, high, latents.length);
      return base.map((value, i) => f32(f32(sigmaRatio * value) - f32(gained * clean[i]!)) + f32(fresh[i]! * share));
    },
  };
};
