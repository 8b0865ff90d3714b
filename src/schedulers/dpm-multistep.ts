/**
 * DPM-Solver++ and its SDE form, with up to three past predictions: Lu et al. 2022, arXiv:2211.01095, algorithm 2 and
 * appendix B; configuration of diffusers 0.42, schedulers/scheduling_dpmsolver_multistep.py.
 */
import { combine, type Term } from './combine.js';
import { type ConfigOf, flag, oneOf, only, wholeNumber } from './config-fields.js';
import { type Level, MULTISTEP_FIELDS, multistepLevels, multistepSchedule } from './multistep.js';
import { trainedNoise } from './noise-schedule.js';
import { denoiseBetween } from './prediction.js';
import type { UnnamedSchedule } from './scheduler.js';

export const DPM_MULTISTEP_FIELDS = {
  ...MULTISTEP_FIELDS,
  solver_order: wholeNumber(2, 1, 3),
  /** `deis` is what a DEIS model's configuration says; it runs as DPM-Solver++. */
  algorithm_type: oneOf(['dpmsolver++', 'sde-dpmsolver++', 'deis'], 'dpmsolver++'),
  /** The last three are other classes' and run as midpoint. */
  solver_type: oneOf(['midpoint', 'heun', 'logrho', 'bh1', 'bh2'], 'midpoint'),
  euler_at_final: flag(false),
  use_lu_lambdas: only(false),
  final_sigmas_type: oneOf(['zero', 'sigma_min'], 'zero'),
  rescale_betas_zero_snr: flag(false),
};
type DpmConfig = ConfigOf<typeof DPM_MULTISTEP_FIELDS>;

/** Schedules shorter than this end on lower orders, as they are too coarse for the higher. */
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
      /** Clean latents as the latest steps saw them, the latest first. */
      let past: readonly Float32Array[] = [];
      return {
        step: (prediction, step, sample, noise) => {
          const { alpha, sigma } = levels[step]!;
          const denoise = denoiseBetween(config.prediction_type, alpha, sigma);
          past = [sample.map((value, i) => denoise(value, prediction[i]!)), ...past].slice(0, config.solver_order);
          const order = Math.min(past.length, allowed(step));
          const path = [levels[step + 1]!, ...past.slice(0, order).map((_, i) => levels[step - i]!)];
          const weights = isSde ? sdeWeights(path, config.solver_type) : odeWeights(path, config.solver_type);
          const terms = weights.past.map((weight, i): Term => [weight, past[i]!]);
          const fresh: Term[] = isSde ? [[weights.noise, noise.normal(sample.length)]] : [];
          return combine([weights.sample, sample], ...terms, ...fresh);
        },
      };
    },
  };
};

interface Weights {
  readonly sample: number;
  /** Of the clean latents, the latest first: as many as the order. */
  readonly past: readonly number[];
  readonly noise: number;
}
type SolverType = DpmConfig['solver_type'];

/** @param path the level after the step, the level before it, and those of the past predictions */
const odeWeights = (path: readonly Level[], type: SolverType): Weights => {
  const [to, from] = [path[0]!, path[1]!];
  const h = to.lambda - from.lambda;
  const phi = Math.exp(-h) - 1;
  const slope = type === 'heun' || path.length > 3 ? phi / h + 1 : -0.5 * phi;
  const past = differences(path, -to.alpha * phi, to.alpha * slope, -to.alpha * ((phi + h) / h ** 2 - 0.5));
  return { sample: to.sigma / from.sigma, past, noise: 0 };
};

const sdeWeights = (path: readonly Level[], type: SolverType): Weights => {
  const [to, from] = [path[0]!, path[1]!];
  const h = 2 * (to.lambda - from.lambda);
  const phi = Math.exp(-h) - 1;
  const slope = type === 'heun' || path.length > 3 ? phi / h + 1 : -0.5 * phi;
  // The half has the other sign than in the ODE: diffusers' curvature term, followed as it is.
  const past = differences(path, -to.alpha * phi, to.alpha * slope, -to.alpha * ((phi + h) / h ** 2 + 0.5));
  return { sample: (to.sigma / from.sigma) * Math.exp(-h / 2), past, noise: to.sigma * Math.sqrt(-phi) };
};

/**
 * Weights of the predictions themselves, from those of the latest (`value`) and of its first and second divided differences
 * over log SNR (`slope`, `curve`).
 */
const differences = (path: readonly Level[], value: number, slope: number, curve: number): number[] => {
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
