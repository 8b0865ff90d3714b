/**
 * DPM-Solver++ and its SDE form, with up to three past predictions: Lu et al. 2022, arXiv:2211.01095, algorithm 2 and
 * appendix B; configuration of diffusers 0.42, schedulers/scheduling_dpmsolver_multistep.py.
 */
import { combine, type Term } from './combine.js';
import { type ConfigOf, flag, oneOf, only, wholeNumber } from '../config-fields.js';
import { DPM_FIELDS, type DpmWeights, dpmWeights } from './dpm-weights.js';
import { type Level, MULTISTEP_FIELDS, multistepLevels, multistepSchedule } from './multistep.js';
import { trainedNoise } from '../noise/noise-schedule.js';
import { denoiseBetween } from './prediction.js';
import { CUSTOM_TIMESTEP_FIELDS } from '../noise/timesteps.js';
import type { UnnamedSchedule } from '../scheduler.js';

export const DPM_MULTISTEP_FIELDS = {
  ...CUSTOM_TIMESTEP_FIELDS,
  ...MULTISTEP_FIELDS,
  ...DPM_FIELDS,
  solver_order: wholeNumber(2, 1, 3),
  euler_at_final: flag(false),
  use_lu_lambdas: only(false),
  final_sigmas_type: oneOf(['zero', 'sigma_min'], 'zero'),
  rescale_betas_zero_snr: flag(false),
};
type DpmConfig = ConfigOf<typeof DPM_MULTISTEP_FIELDS>;

/** Shorter schedules end with lower orders: they are too coarse for higher ones. */
export const FEW_STEPS = 15;

export const buildDpmMultistep = (config: DpmConfig, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config);
  const last = config.final_sigmas_type === 'sigma_min' ? trained.sigmas[0]! : 0;
  const toNearest = config.use_karras_sigmas && config.beta_schedule !== 'squaredcos_cap_v2';
  const placed = multistepLevels(config, trained, steps, toNearest);
  const { levels, ...schedule } = multistepSchedule(config, placed, last);
  const count = schedule.timesteps.length;
  const few = config.lower_order_final && count < FEW_STEPS;
  const allowed = (step: number): number => {
    const isLast = step === count - 1;
    if (isLast && (config.euler_at_final || few || config.final_sigmas_type === 'zero')) return 1;
    return step === count - 2 && few ? 2 : config.solver_order;
  };
  const isSde = config.algorithm_type === 'sde-dpmsolver++';
  return {
    ...schedule,
    sampler: () => {
      /** Predicted clean latents of the last steps, latest first. */
      let past: readonly Float32Array[] = [];
      return {
        step: (prediction, step, sample, noise) => {
          const { alpha, sigma } = levels[step]!;
          const denoise = denoiseBetween(config.prediction_type, alpha, sigma);
          past = [sample.map((value, i) => denoise(value, prediction[i]!)), ...past].slice(0, config.solver_order);
          const order = Math.min(past.length, allowed(step));
          const path = [levels[step + 1]!, ...past.slice(0, order).map((_, i) => levels[step - i]!)];
          const weights = dpmWeights(
            levels[step]!,
            levels[step + 1]!,
            isSde,
            config.solver_type === 'heun' || order > 2,
          );
          const terms = differences(path, weights).map((weight, i): Term => [weight, past[i]!]);
          const fresh: Term[] = isSde ? [[weights.noise, noise.normal(sample.length)]] : [];
          return combine([weights.sample, sample], ...terms, ...fresh);
        },
      };
    },
  };
};

/**
 * Weights of the predictions, latest first: the derivatives are their divided differences over log SNR.
 * @param path the levels after and before the step, and those of the past predictions
 */
const differences = (path: readonly Level[], { value, slope, curve }: DpmWeights): number[] => {
  const [to, from, before, earliest] = path;
  if (before === undefined) return [value];
  const h = to!.lambda - from!.lambda;
  const r0 = (from!.lambda - before.lambda) / h;
  if (earliest === undefined) return [value + slope / r0, -slope / r0];
  const r1 = (before.lambda - earliest.lambda) / h;
  const first = slope + (slope * r0 + curve) / (r0 + r1);
  const second = -(slope * r0 + curve) / (r0 + r1);
  return [value + first / r0, -first / r0 + second / r1, -second / r1];
};
