/**
 * DEIS: the predicted noise as a polynomial in log rho, integrated over rho, the noise-to-signal ratio. Zhang & Chen 2022,
 * arXiv:2204.13902; configuration of diffusers 0.42, schedulers/scheduling_deis_multistep.py.
 */
import { combine, type Term } from './combine.js';
import { type ConfigOf, oneOf, wholeNumber } from '../config-fields.js';
import { FEW_STEPS } from './dpm-multistep.js';
import { MULTISTEP_FIELDS, multistepLevels, multistepSchedule } from './multistep.js';
import { trainedNoise } from '../noise/noise-schedule.js';
import { noiseBetween } from './prediction.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { sigmaSpacing } from '../noise/sigmas.js';

export const DEIS_FIELDS = {
  ...MULTISTEP_FIELDS,
  solver_order: wholeNumber(2, 1, 3),
  /** All except `deis` are for other classes and run as `deis`. */
  algorithm_type: oneOf(['deis', 'dpmsolver', 'dpmsolver++'], 'deis'),
  /** All except `logrho` are for other classes and run as `logrho`. */
  solver_type: oneOf(['logrho', 'midpoint', 'heun', 'bh1', 'bh2'], 'logrho'),
};

export const buildDeis = (config: ConfigOf<typeof DEIS_FIELDS>, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config);
  const placed = multistepLevels(config, trained, steps);
  // The logarithm needs a noise-to-signal ratio above zero.
  const last = sigmaSpacing(config) === null ? trained.sigmas[0]! : placed.sigmas.at(-1)!;
  const { levels, ...schedule } = multistepSchedule(config, placed, last);
  const count = schedule.timesteps.length;
  const allowed = (step: number): number =>
    config.lower_order_final && count < FEW_STEPS ? Math.min(count - step, config.solver_order) : config.solver_order;
  return {
    ...schedule,
    sampler: () => {
      /** Predicted noise of the last steps, latest first. */
      let past: readonly Float32Array[] = [];
      return {
        step: (prediction, step, sample) => {
          const [from, to] = [levels[step]!, levels[step + 1]!];
          const noiseOf = noiseBetween(config.prediction_type, from.alpha, from.sigma);
          past = [sample.map((value, i) => noiseOf(value, prediction[i]!)), ...past].slice(0, config.solver_order);
          const rhos = past.slice(0, allowed(step)).map((_, i) => levels[step - i]!.sigma / levels[step - i]!.alpha);
          const end = to.sigma / to.alpha;
          const terms = rhos.map((rho, i): Term => {
            const others = rhos.filter((_, k) => k !== i);
            return [to.alpha * (integral(end, rho, others) - integral(rhos[0]!, rho, others)), past[i]!];
          });
          return combine([to.alpha / from.alpha, sample], ...terms);
        },
      };
    },
  };
};

/** Antiderivative at x of the Lagrange polynomial in log rho that is 1 at `rho` and 0 at up to two `others`. */
const integral = (x: number, rho: number, others: readonly number[]): number => {
  const [log, logX] = [Math.log, Math.log(x)];
  const [b, c] = others;
  if (b === undefined) return x;
  if (c === undefined) return (x * (logX - log(b) - 1)) / (log(rho) - log(b));
  const product = log(b) * (log(c) - logX + 1) - log(c) * logX + log(c) + logX ** 2 - 2 * logX + 2;
  return (x * product) / ((log(rho) - log(b)) * (log(rho) - log(c)));
};
