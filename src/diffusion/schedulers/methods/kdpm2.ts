/**
 * DPM-Solver-2, plain and ancestral (k-diffusion's `sample_dpm_2` and `sample_dpm_2_ancestral`): each step uses the
 * slope halfway in log sigma. Lu et al. 2022, arXiv:2206.00927; Karras et al. 2022, arXiv:2206.00364, algorithm 2;
 * configuration of diffusers 0.42, schedulers/scheduling_k_dpm_2_discrete.py and scheduling_k_dpm_2_ancestral_discrete.py.
 */
import { type ConfigOf, number, oneOf, optional } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import { denoiseAt } from './prediction.js';
import { roundHalfEven } from '../noise/numpy-ranges.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { ancestralStep, levelsAtTimesteps, respace, sigmaSpace, twice } from './sigma-space.js';
import { SIGMA_FIELDS, timestepOf } from '../noise/sigmas.js';
import { TIMESTEP_FIELDS } from '../noise/timesteps.js';

const f32 = Math.fround;

export const KDPM2_FIELDS = {
  ...NOISE_FIELDS,
  ...TIMESTEP_FIELDS,
  ...SIGMA_FIELDS,
  prediction_type: oneOf(['epsilon', 'v_prediction'], 'epsilon'),
  beta_start: number(0.00085),
  beta_end: number(0.012),
  sigma_min: optional(number(0)),
  sigma_max: optional(number(0)),
};
type Kdpm2Config = ConfigOf<typeof KDPM2_FIELDS>;

export const buildKdpm2 = (config: Kdpm2Config, steps: number): UnnamedSchedule =>
  build(config, steps, (_, to) => ({ up: 0, down: to }));

export const buildKdpm2Ancestral = (config: Kdpm2Config, steps: number): UnnamedSchedule =>
  build(config, steps, ancestralStep);

/** The last step goes directly to sigma 0. */
const LAST = { up: 0, down: 0, halfway: 0 };

const build = (config: Kdpm2Config, steps: number, split: typeof ancestralStep): UnnamedSchedule => {
  const trained = trainedNoise(config);
  const levels = respace(config, levelsAtTimesteps(config, trained, steps), trained, steps);
  const ends = Float32Array.of(...levels.sigmas, 0);
  const timesteps = config.use_karras_sigmas ? levels.timesteps.map(roundHalfEven) : levels.timesteps;
  const logSigmas = trained.sigmas.map(Math.log);
  /** Paths from each level to the next; the last step, to sigma 0, has none. */
  const paths = levels.sigmas.slice(0, -1).map((_, i) => {
    const [from, to] = [ends[i]!, ends[i + 1]!];
    const { up, down } = split(from, to);
    const [logFrom, logDown] = [f32(Math.log(from)), f32(Math.log(down))];
    return { up, down, halfway: f32(Math.exp(f32(logFrom + f32(0.5 * f32(logDown - logFrom))))) };
  });
  /** Sigma of each UNet call: even calls at a level, odd calls halfway to the next. */
  const callSigmas = Float32Array.of(...paths.flatMap(({ halfway }, i) => [ends[i]!, halfway]), ...ends.subarray(-2));
  return {
    timesteps: Float32Array.from([
      ...paths.flatMap(({ halfway }, i) => [timesteps[i]!, timestepOf(halfway, logSigmas)]),
      timesteps.at(-1)!,
    ]),
    sigmas: Float32Array.of(...twice([...ends]), 0),
    trainTimesteps: config.num_train_timesteps,
    order: 2,
    ...sigmaSpace(callSigmas, config.timestep_spacing),
    sampler: () => {
      /** Latents at the beginning of the current step; null between steps. */
      let begun: Float32Array | null = null;
      return {
        step: (prediction, step, sample, noise) => {
          const sigma = callSigmas[step]!;
          const level = ends[Math.floor(step / 2)]!;
          const path = paths[Math.floor(step / 2)] ?? LAST;
          const denoise = denoiseAt(config.prediction_type, sigma);
          const slope = sample.map((value, i) => f32(value - denoise(value, prediction[i]!)) / sigma);
          const move = (from: Float32Array, dt: number): Float32Array =>
            from.map((value, i) => value + f32(slope[i]! * dt));
          if (begun === null) {
            begun = sample;
            return move(sample, f32(path.halfway - level));
          }
          const moved = move(begun, f32(path.down - level));
          begun = null;
          if (split !== ancestralStep) return moved;
          const fresh = noise.normal(sample.length);
          return moved.map((value, i) => value + f32(fresh[i]! * path.up));
        },
      };
    },
  };
};
