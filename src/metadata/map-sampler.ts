import type { GenerationFacts } from './facts.js';

/** Diffusers' class by the sampler's name in lower case, without spaces and `_`, and with `pp` for `++`. */
const CLASSES: Readonly<Record<string, string>> = {
  euler: 'EulerDiscreteScheduler',
  eulera: 'EulerAncestralDiscreteScheduler',
  eulerancestral: 'EulerAncestralDiscreteScheduler',
  heun: 'HeunDiscreteScheduler',
  lms: 'LMSDiscreteScheduler',
  ddim: 'DDIMScheduler',
  ddpm: 'DDPMScheduler',
  plms: 'PNDMScheduler',
  pndm: 'PNDMScheduler',
  dpm2: 'KDPM2DiscreteScheduler',
  kdpm2: 'KDPM2DiscreteScheduler',
  dpm2a: 'KDPM2AncestralDiscreteScheduler',
  dpm2ancestral: 'KDPM2AncestralDiscreteScheduler',
  kdpm2a: 'KDPM2AncestralDiscreteScheduler',
  dpmpp2m: 'DPMSolverMultistepScheduler',
  dpmpp2s: 'DPMSolverSinglestepScheduler',
  dpmppsde: 'DPMSolverSDEScheduler',
  unipc: 'UniPCMultistepScheduler',
  unipcbh2: 'UniPCMultistepScheduler',
  deis: 'DEISMultistepScheduler',
  lcm: 'LCMScheduler',
  tcd: 'TCDScheduler',
};

/** The spacing of the noise levels, which A1111 before 1.9, Draw Things and InvokeAI (`_k`) put into the sampler's name. */
const SPACING = /[ _](karras|exponential|trailing|k)$/;

/**
 * The scheduler that is a program's sampler, by the tables of diffusers (docs/api/schedulers/overview) and InvokeAI
 * (backend/stable_diffusion/schedulers). The class alone decides, with the model's own configuration: spacings such as
 * Karras are not taken over, and samplers that need another configuration (DPM++ 2M SDE, 3M) have no class here.
 * @param known diffusers' class names that can run
 * @returns null if the picture names no sampler, or none of `known` is it
 */
export const mapSampler = ({ sampler }: Pick<GenerationFacts, 'sampler'>, known: readonly string[]): string | null => {
  if (sampler === null) return null;
  if (known.includes(sampler)) return sampler;
  const name = sampler.toLowerCase().replace(SPACING, '').replace(/_gpu$/, '').replace(/^k_/, '');
  const plain = name.replaceAll('++', 'pp').replaceAll(/[ _]/g, '');
  const found = Object.hasOwn(CLASSES, plain) ? CLASSES[plain] : undefined;
  return found !== undefined && known.includes(found) ? found : null;
};

/** A1111's name of a scheduler; the class name where A1111 has none. */
export const samplerOf = (scheduler: string): string => A1111_NAMES[scheduler] ?? scheduler;

const A1111_NAMES: Readonly<Record<string, string>> = {
  EulerDiscreteScheduler: 'Euler',
  EulerAncestralDiscreteScheduler: 'Euler a',
  HeunDiscreteScheduler: 'Heun',
  LMSDiscreteScheduler: 'LMS',
  DDIMScheduler: 'DDIM',
  PNDMScheduler: 'PLMS',
  KDPM2DiscreteScheduler: 'DPM2',
  KDPM2AncestralDiscreteScheduler: 'DPM2 a',
  DPMSolverMultistepScheduler: 'DPM++ 2M',
  DPMSolverSDEScheduler: 'DPM++ SDE',
  UniPCMultistepScheduler: 'UniPC',
  LCMScheduler: 'LCM',
};
