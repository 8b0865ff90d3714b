/**
 * Noise sources of a run, by the program whose images they reproduce (docs/numerics.md).
 */
import type { RefineSettings } from '../../records/settings.js';
import type { NoiseSource } from './noise-source.js';
import { philoxNoise } from './philox.js';
import { slerp } from './slerp.js';
import { torchCpuNoise } from './torch-cpu.js';

export type NoiseSettings = Pick<
  RefineSettings,
  'rng' | 'seed' | 'variationSeed' | 'variationStrength' | 'etaNoiseSeedDelta'
>;

/** Noise of one image, drawn in this order; each at most once, except that of the steps. */
export interface RunNoise {
  /** For the VAE encoder, if it samples. */
  readonly encoder: (count: number) => Float32Array;
  /** Initial noise for latents [1, channels, height, width]. */
  readonly start: (dims: readonly number[]) => Float32Array;
  /** For samplers that add noise. */
  readonly steps: NoiseSource;
}

interface Sources {
  encoder: NoiseSource;
  start: NoiseSource;
  steps: NoiseSource;
  /** A new source of the same kind as `start`. */
  startOf: (seed: number) => NoiseSource;
  /** A new source of the same kind as `steps`. */
  stepsOf: (seed: number) => NoiseSource;
}

const sourcesOf = ({ rng, seed }: NoiseSettings): Sources => {
  switch (rng) {
    case 'torch-cpu': {
      const only = torchCpuNoise(seed);
      return { encoder: only, start: only, steps: only, startOf: torchCpuNoise, stepsOf: torchCpuNoise };
    }
    case 'philox': {
      const only = philoxNoise(seed);
      return { encoder: torchCpuNoise(seed), start: only, steps: only, startOf: philoxNoise, stepsOf: philoxNoise };
    }
    // ComfyUI, comfy/sample.py `prepare_noise` (CPU) and comfy/k_diffusion/sampling.py `default_noise_sampler` (the device;
    // here always as on an NVIDIA GPU) and `BrownianTreeNoiseSampler` (CPU, except for samplers named _gpu).
    case 'comfy':
      return {
        encoder: torchCpuNoise(seed),
        start: torchCpuNoise(seed),
        steps: { ...philoxNoise(seed), ofSeed: torchCpuNoise },
        startOf: torchCpuNoise,
        stepsOf: (stepsSeed) => ({ ...philoxNoise(stepsSeed), ofSeed: torchCpuNoise }),
      };
  }
};

export const runNoise = (settings: NoiseSettings): RunNoise => {
  const { seed, variationSeed, variationStrength, etaNoiseSeedDelta: delta } = settings;
  const { encoder, start, steps, startOf, stepsOf } = sourcesOf(settings);
  return {
    encoder: encoder.normal,
    start: ([, channels = 0, height = 0, width = 0]) => {
      const count = channels * height * width;
      const own = start.normal(count);
      if (variationStrength === 0 || variationSeed === null) return own;
      return slerp(variationStrength, own, startOf(variationSeed).normal(count), [channels, height, width]);
    },
    // A1111's ENSD changes the seed of the steps but not that of the Brownian tree (modules/rng.py, `ImageRNG.first`).
    steps: delta === 0 ? steps : { ...stepsOf(seed + delta), treeSeed: seed },
  };
};
