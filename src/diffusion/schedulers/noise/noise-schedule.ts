/**
 * The noise schedule of training: betas, cumulative alphas (alpha bar) and sigmas.
 * Ho et al. 2020, arXiv:2006.11239, eq. 4; in float32 as diffusers 0.42 computes it (schedulers/scheduling_euler_discrete.py,
 * the constructor, as all of its schedulers).
 */
import { type ConfigOf, number, numbers, oneOf, optional, unsupported, wholeNumber } from '../config-fields.js';
import { linspace32 } from './numpy-ranges.js';

const f32 = Math.fround;

export const NOISE_FIELDS = {
  num_train_timesteps: wholeNumber(1000, 2, 100_000),
  beta_start: number(0.0001),
  beta_end: number(0.02),
  beta_schedule: oneOf(['linear', 'scaled_linear', 'squaredcos_cap_v2'], 'linear'),
  trained_betas: optional(numbers),
};
export type NoiseConfig = ConfigOf<typeof NOISE_FIELDS> & { readonly rescale_betas_zero_snr?: boolean };

export interface TrainedNoise {
  /** f32 [trainTimesteps]: alpha bar, falling. */
  readonly alphasCumprod: Float32Array;
  /** f32 [trainTimesteps]: noise-to-signal ratio, sqrt((1 - a) / a), rising. */
  readonly sigmas: Float32Array;
}

/**
 * diffusers' values in place of zero and infinity for a zero terminal SNR. The second follows from the first except for the last
 * bit, in which torch's square root differs between processors; the recorded runs have 4096.
 */
const LEAST_ALPHA = 2 ** -24;
const MOST_SIGMA = 4096;

/**
 * @param end of a zero terminal SNR: `zero` (its sigma is infinite), or `near` zero for schedulers that divide by alpha
 * @throws MODEL_CONFIG_UNSUPPORTED if the betas are not a noise schedule
 */
export const trainedNoise = (config: NoiseConfig, end: 'near' | 'zero' = 'near'): TrainedNoise => {
  const betas = trainedBetas(config);
  const rescaled = config.rescale_betas_zero_snr === true;
  const alphasCumprod = cumulativeProduct((rescaled ? zeroTerminalSnr(betas) : betas).map((beta) => 1 - beta));
  const sigmas = alphasCumprod.map((alpha) => Math.sqrt(f32(f32(1 - alpha) / alpha)));
  if (rescaled && end === 'near') {
    alphasCumprod[alphasCumprod.length - 1] = LEAST_ALPHA;
    sigmas[sigmas.length - 1] = MOST_SIGMA;
  }
  const open = rescaled && end === 'zero' ? sigmas.subarray(0, -1) : sigmas;
  if (!open.every((sigma) => sigma > 0 && sigma < Infinity)) {
    throw unsupported('beta_start', config.beta_start, 'betas must be between 0 and 1, and leave some of the image');
  }
  return { alphasCumprod, sigmas };
};

const trainedBetas = (config: NoiseConfig): Float32Array => {
  const { num_train_timesteps: count, beta_start: start, beta_end: end, trained_betas: trained } = config;
  if (trained !== null) {
    if (trained.length !== count) {
      throw unsupported('trained_betas', trained, `expected as many as num_train_timesteps, ${count}`);
    }
    return Float32Array.from(trained);
  }
  switch (config.beta_schedule) {
    case 'linear':
      return linspace32(start, end, count);
    case 'scaled_linear':
      return linspace32(Math.sqrt(start), Math.sqrt(end), count).map((root) => root * root);
    case 'squaredcos_cap_v2':
      return cosineBetas(count);
  }
};

/** Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 17, and the cap of 0.999 that follows it. */
const cosineBetas = (count: number): Float32Array => {
  const alphaBar = (time: number): number => Math.cos((((time + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
  );
};

/** Lin et al. 2023, arXiv:2305.08891, algorithm 1: shift the square roots of alpha bar so that the last is zero. */
const zeroTerminalSnr = (betas: Float32Array): Float32Array => {
  const roots = cumulativeProduct(betas.map((beta) => 1 - beta)).map(Math.sqrt);
  const [first, last] = [roots[0]!, roots[roots.length - 1]!];
  const scale = f32(first / f32(first - last));
  const alphaBar = roots.map((root) => f32(f32(root - last) * scale)).map((root) => root * root);
  return alphaBar.map((value, i) => 1 - (i === 0 ? value : f32(value / alphaBar[i - 1]!)));
};

/** torch's `cumprod`: float32 input and output, with the product in float64. */
const cumulativeProduct = (values: Float32Array): Float32Array => {
  let product = 1;
  return values.map((value) => (product *= value));
};
