/**
 * Pseudo linear multistep: Liu et al. 2022, arXiv:2202.09778, eq. 9 to 12, without Runge-Kutta steps; configuration of
 * diffusers 0.42, schedulers/scheduling_pndm.py.
 */
import { alphaSpace, finalAlpha, wholeTimesteps } from './alpha-space.js';
import { combine, type Term } from './combine.js';
import { type ConfigOf, flag, oneOf, unsupported, withDefault } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { TIMESTEP_FIELDS } from '../noise/timesteps.js';

export const PNDM_FIELDS = {
  ...NOISE_FIELDS,
  ...TIMESTEP_FIELDS,
  timestep_spacing: withDefault(TIMESTEP_FIELDS.timestep_spacing, 'leading'),
  prediction_type: oneOf(['epsilon', 'v_prediction'], 'epsilon'),
  skip_prk_steps: flag(false),
  set_alpha_to_one: flag(false),
};
type PndmConfig = ConfigOf<typeof PNDM_FIELDS>;

/** Adams-Bashforth weights of the past predictions, latest first, by their number. */
const ADAMS_BASHFORTH = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
] as const;

export const buildPndm = (config: PndmConfig, steps: number): UnnamedSchedule => {
  if (!config.skip_prk_steps) throw unsupported('skip_prk_steps', false, 'there are no Runge-Kutta steps here');
  const trained = trainedNoise(config);
  const timesteps = repeatSecond(wholeTimesteps(config, steps));
  const stride = Math.floor(config.num_train_timesteps / steps);
  const alphaBarAt = (timestep: number): number => trained.alphasCumprod[timestep] ?? finalAlpha(config, trained);

  /** The paper's eq. 11: from one timestep to another along the predicted noise. */
  const transfer = (sample: Float32Array, prediction: Float32Array, from: number, to: number): Float32Array => {
    const [a, b] = [alphaBarAt(from), alphaBarAt(to)];
    const toNoise = (a - b) / (a * Math.sqrt(1 - b) + Math.sqrt(a * (1 - a) * b));
    if (config.prediction_type === 'epsilon') return combine([Math.sqrt(b / a), sample], [toNoise, prediction]);
    return combine([Math.sqrt(b / a) + toNoise * Math.sqrt(1 - a), sample], [toNoise * Math.sqrt(a), prediction]);
  };

  return {
    ...alphaSpace(timesteps, trained),
    sampler: () => {
      /** Predictions, latest first. */
      let past: readonly Float32Array[] = [];
      let calls = 0;
      let first: Float32Array = new Float32Array();
      return {
        step: (prediction, step, sample) => {
          const timestep = timesteps[step]!;
          calls += 1;
          // The second call repeats the first step, with the mean of its predictions at both ends.
          if (calls === 2) {
            const mean = combine([0.5, prediction], [0.5, past[0]!]);
            return transfer(first, mean, timestep + stride, timestep);
          }
          past = [prediction, ...past].slice(0, ADAMS_BASHFORTH.length);
          if (calls === 1) first = sample;
          const weights = ADAMS_BASHFORTH[past.length - 1]!;
          const slope = combine(...weights.map((weight, i): Term => [weight, past[i]!]));
          return transfer(sample, slope, timestep, timestep - stride);
        },
      };
    },
  };
};

/** The second timestep runs twice: its first call only corrects the first step. */
const repeatSecond = (timesteps: Float32Array): Float32Array =>
  Float32Array.of(...timesteps.subarray(0, 2), ...timesteps.subarray(1));
