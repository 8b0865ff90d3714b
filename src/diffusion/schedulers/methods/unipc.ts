/**
 * UniPC: a multistep predictor, and a corrector that reuses the next step's prediction. Zhao et al. 2023,
 * arXiv:2302.04867, algorithms 5 to 8; configuration of diffusers 0.42, schedulers/scheduling_unipc_multistep.py.
 */
import { combine, type Term } from './combine.js';
import { type ConfigOf, flag, numbers, oneOf, only, wholeNumber } from '../config-fields.js';
import { type Level, MULTISTEP_FIELDS, multistepLevels, multistepSchedule } from './multistep.js';
import { trainedNoise } from '../noise/noise-schedule.js';
import { denoiseBetween } from './prediction.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { sigmaSpacing } from '../noise/sigmas.js';

export const UNIPC_FIELDS = {
  ...MULTISTEP_FIELDS,
  solver_order: wholeNumber(2, 1, 3),
  predict_x0: only(true),
  /** The last three are for other classes and run as bh2. */
  solver_type: oneOf(['bh1', 'bh2', 'midpoint', 'heun', 'logrho'], 'bh2'),
  disable_corrector: { ...numbers, fallback: [] as readonly number[] },
  solver_p: only(null),
  final_sigmas_type: oneOf(['zero', 'sigma_min'], 'zero'),
  rescale_betas_zero_snr: flag(false),
};
type UnipcConfig = ConfigOf<typeof UNIPC_FIELDS>;

export const buildUnipc = (config: UnipcConfig, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config);
  const placed = multistepLevels(config, trained, steps);
  const lowest = sigmaSpacing(config) === null ? trained.sigmas[0]! : placed.sigmas.at(-1)!;
  const last = config.final_sigmas_type === 'sigma_min' ? lowest : 0;
  const { levels, ...schedule } = multistepSchedule(config, placed, last);
  const count = schedule.timesteps.length;
  return {
    ...schedule,
    sampler: () => {
      /** Predicted clean latents of the last steps, latest first. */
      let past: readonly Float32Array[] = [];
      /** Order and input latents of the last step, which the corrector repeats. */
      let order = 0;
      let before: Float32Array | null = null;
      return {
        step: (prediction, step, sample) => {
          const { alpha, sigma } = levels[step]!;
          const denoise = denoiseBetween(config.prediction_type, alpha, sigma);
          const clean = sample.map((value, i) => denoise(value, prediction[i]!));
          let corrected = sample;
          if (before !== null && !config.disable_corrector.includes(step - 1)) {
            const path = levels.slice(Math.max(step - order, 0), step + 1).reverse();
            corrected = update({ path, sample: before, past, next: clean }, config.solver_type);
          }
          past = [clean, ...past].slice(0, config.solver_order);
          const wantedOrder = config.lower_order_final
            ? Math.min(config.solver_order, count - step)
            : config.solver_order;
          order = Math.min(wantedOrder, past.length);
          before = corrected;
          const path = levels.slice(step - order + 1, step + 2).reverse();
          return update({ path, sample: corrected, past, next: null }, config.solver_type);
        },
      };
    },
  };
};

interface Move {
  /** The next level, the level of `sample`, and those before it: `order` + 1 levels. */
  readonly path: readonly Level[];
  readonly sample: Float32Array;
  /** Clean latents at the levels of `path` after the first. */
  readonly past: readonly Float32Array[];
  /** For the corrector: clean latents at the next level. */
  readonly next: Float32Array | null;
}

/** Equations 3 and 4 of the paper over clean latents, as one weighted sum. */
const update = ({ path, sample, past, next }: Move, type: UnipcConfig['solver_type']): Float32Array => {
  const [to, from] = [path[0]!, path[1]!];
  const h = to.lambda - from.lambda;
  const ratios = path.slice(2).map((level) => (level.lambda - from.lambda) / h);
  const phi = Math.expm1(-h);
  const scale = to.alpha * (type === 'bh1' ? -h : phi);
  const points = next === null ? ratios : [...ratios, 1];
  const rhos = coefficients(points, h, type);
  const others = [...past.slice(1, 1 + ratios.length), ...(next === null ? [] : [next])];
  const terms = others.map((values, i): Term => [(-scale * rhos[i]!) / points[i]!, values]);
  const ofFrom = rhos.reduce((sum, rho, i) => sum + (scale * rho) / points[i]!, -to.alpha * phi);
  return combine([to.sigma / from.sigma, sample], [ofFrom, past[0]!], ...terms);
};

/** Weights of the differences at `points` (log SNR from the current level, in units of h): the paper's a of R a = b. */
const coefficients = (points: readonly number[], h: number, type: UnipcConfig['solver_type']): number[] => {
  if (points.length <= 1) return points.map(() => 0.5);
  const base = type === 'bh1' ? -h : Math.expm1(-h);
  let phi = Math.expm1(-h) / -h - 1;
  let factorial = 1;
  const rows = points.map((_, i) => {
    const row = [...points.map((point) => point ** i), (phi * factorial) / base];
    factorial *= i + 2;
    phi = phi / -h - 1 / factorial;
    return row;
  });
  return solve(rows);
};

/** Solves rows of [coefficients…, right side] by elimination; Vandermonde rows of distinct points need no pivots. */
const solve = (rows: readonly (readonly number[])[]): number[] => {
  const [first, ...rest] = rows;
  if (first === undefined) return [];
  const reduced = rest.map((row) => row.slice(1).map((value, i) => value - (row[0]! / first[0]!) * first[i + 1]!));
  const solved = solve(reduced);
  return [(first.at(-1)! - solved.reduce((sum, x, i) => sum + x * first[i + 1]!, 0)) / first[0]!, ...solved];
};
