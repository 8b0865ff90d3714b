/**
 * Single-step DPM-Solver++: a step of order 2 or 3 uses two or three predictions, each from the latents at its beginning.
 * Lu et al. 2022, arXiv:2211.01095, algorithm 1; configuration of diffusers 0.42, schedulers/scheduling_dpmsolver_singlestep.py.
 */
import { combine, type Term } from './combine.js';
import { type ConfigOf, flag, oneOf, wholeNumber } from '../config-fields.js';
import { DPM_FIELDS, type DpmWeights, dpmWeights } from './dpm-weights.js';
import { EXPONENTIAL_FIELDS, type Level, multistepLevels, multistepSchedule } from './multistep.js';
import { trainedNoise } from '../noise/noise-schedule.js';
import { denoiseBetween } from './prediction.js';
import { CUSTOM_TIMESTEP_FIELDS } from '../noise/timesteps.js';
import type { UnnamedSchedule } from '../scheduler.js';

export const DPM_SINGLESTEP_FIELDS = {
  ...CUSTOM_TIMESTEP_FIELDS,
  ...EXPONENTIAL_FIELDS,
  ...DPM_FIELDS,
  solver_order: wholeNumber(2, 1, 3),
  lower_order_final: flag(false),
  final_sigmas_type: oneOf(['zero', 'sigma_min'], 'zero'),
};
type SinglestepConfig = ConfigOf<typeof DPM_SINGLESTEP_FIELDS>;

/** The class has no timestep spacing. */
const SPACING = { timestep_spacing: 'linspace', steps_offset: 0 } as const;

export const buildDpmSinglestep = (config: SinglestepConfig, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config);
  const last = config.final_sigmas_type === 'sigma_min' ? trained.sigmas[0]! : 0;
  const { levels, ...schedule } = multistepSchedule(
    config,
    multistepLevels({ ...config, ...SPACING }, trained, steps),
    last,
  );
  const isSde = config.algorithm_type === 'sde-dpmsolver++';
  return {
    ...schedule,
    sampler: () => {
      /** Predicted clean latents of the last steps, latest first. */
      let past: readonly Float32Array[] = [];
      /** Latents at the beginning of the solver's current step. */
      let begun: Float32Array;
      return {
        step: (prediction, step, sample, noise) => {
          const { alpha, sigma } = levels[step]!;
          const denoise = denoiseBetween(config.prediction_type, alpha, sigma);
          past = [sample.map((value, i) => denoise(value, prediction[i]!)), ...past].slice(0, config.solver_order);
          // A run may begin inside a solver step, with fewer predictions.
          const order = Math.min(orderOf(step, steps, config), past.length);
          if (order === 1) begun = sample;
          const predictionLevels = levels.slice(step - order + 1, step + 1);
          const weights = dpmWeights(
            predictionLevels[0]!,
            levels[step + 1]!,
            isSde,
            config.solver_type === 'heun' || order > 2,
          );
          const shares = expansion([...predictionLevels, levels[step + 1]!], weights, config.solver_type === 'heun');
          const terms = shares.map((share, i): Term => [share, past[order - 1 - i]!]);
          const fresh: Term[] = isSde ? [[weights.noise, noise.normal(sample.length)]] : [];
          return combine([weights.sample, begun], ...terms, ...fresh);
        },
      };
    },
  };
};

/** Orders rise to the solver's and restart; a schedule that ends inside a solver step or at sigma 0 ends with order 1. */
const orderOf = (step: number, steps: number, config: SinglestepConfig): number => {
  const { solver_order: order, lower_order_final: lowers, final_sigmas_type: end } = config;
  const endsLow = end === 'zero' || (lowers && steps % order === 0);
  return endsLow && step === steps - 1 ? 1 : (step % order) + 1;
};

/**
 * Weights of the predictions, earliest first: the value is the earliest prediction, the derivatives are divided differences from it.
 * @param path levels of the predictions, earliest first, and the level after the step
 * @param isHeun whether order 3 includes the curvature, not only the last slope
 */
const expansion = (path: readonly Level[], { value, slope, curve }: DpmWeights, isHeun: boolean): number[] => {
  const begin = path[0]!.lambda;
  const h = path.at(-1)!.lambda - begin;
  const [r1, r0] = path.slice(1, -1).map(({ lambda }) => (lambda - begin) / h);
  if (r1 === undefined) return [value];
  if (r0 === undefined) return [value - slope / r1, slope / r1];
  if (!isHeun) return [value - slope / r0, 0, slope / r0];
  const middle = (slope * r0 - 2 * curve) / (r0 - r1) / r1;
  const latest = (2 * curve - slope * r1) / (r0 - r1) / r0;
  return [value - middle - latest, middle, latest];
};
