/** Sigma spacings (Karras, exponential, beta), and the timestep of a sigma. float64, as in numpy. */
import { betaQuantile } from './beta-quantile.js';
import { type ConfigOf, flag, unsupported } from '../config-fields.js';
import { linspace } from './numpy-ranges.js';

export const SIGMA_FIELDS = {
  use_karras_sigmas: flag(false),
  use_exponential_sigmas: flag(false),
  use_beta_sigmas: flag(false),
};

export type SigmaSpacing = 'karras' | 'exponential' | 'beta';

/** @throws MODEL_CONFIG_UNSUPPORTED for two spacings at once, as in diffusers */
export const sigmaSpacing = (config: ConfigOf<typeof SIGMA_FIELDS>): SigmaSpacing | null => {
  const requested = (['karras', 'exponential', 'beta'] as const).filter((spacing) => config[`use_${spacing}_sigmas`]);
  if (requested.length > 1) {
    throw unsupported(`use_${requested[0]!}_sigmas`, true, `use_${requested[1]!}_sigmas is also set`);
  }
  return requested[0] ?? null;
};

/** Exponent of the ramp: Karras et al. 2022, arXiv:2206.00364, eq. 5. */
const RHO = 7;
/** Lee et al. 2024, "Beta Sampling is All You Need", arXiv:2407.12173. */
const BETA_SHAPE = 0.6;

/** `count` sigmas from `max` down to `min`. */
export const spaceSigmas = (spacing: SigmaSpacing, max: number, min: number, count: number): number[] => {
  switch (spacing) {
    case 'karras': {
      const [first, last] = [max ** (1 / RHO), min ** (1 / RHO)];
      return linspace(0, 1, count).map((ramp) => (first + ramp * (last - first)) ** RHO);
    }
    case 'exponential':
      return linspace(Math.log(max), Math.log(min), count).map(Math.exp);
    case 'beta':
      return linspace(0, 1, count).map((ramp) => min + betaQuantile(1 - ramp, BETA_SHAPE) * (max - min));
  }
};

/**
 * The fractional timestep of `sigma`: linear in log sigma between two training timesteps.
 * @param logSigmas f32: logarithms of the training sigmas, rising
 */
export const timestepOf = (sigma: number, logSigmas: Float32Array): number => {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  const below = Math.min(
    Math.max(
      logSigmas.findLastIndex((value) => value <= logSigma),
      0,
    ),
    logSigmas.length - 2,
  );
  const [low, high] = [logSigmas[below]!, logSigmas[below + 1]!];
  const share = Math.min(Math.max((low - logSigma) / Math.fround(low - high), 0), 1);
  return (1 - share) * below + share * (below + 1);
};
