/**
 * Other programs' names of samplers and spacings, for options, rows, metadata and docs/schedulers.md. Data only.
 * Sources: AUTOMATIC1111/stable-diffusion-webui v1.10.1, modules/sd_samplers_kdiffusion.py, sd_samplers_timesteps.py, sd_samplers_lcm.py
 * and sd_schedulers.py; ComfyUI v0.3, comfy/samplers.py; InvokeAI v5, backend/stable_diffusion/schedulers; diffusers 0.42,
 * docs/source/en/api/schedulers/overview.md; SD.Next 2024, modules/sd_samplers_diffusers.py; stable-diffusion.cpp's `discrete` and Draw Things' `Trailing` and `AYS`, from pictures.
 */
import type { ConfigValues } from '../config-fields.js';

export type SpacingKey = 'normal' | 'karras' | 'exponential' | 'beta' | 'sgm_uniform' | 'simple' | 'ddim_uniform';

/** A spacing of timesteps or sigmas. */
export interface Spacing {
  /** ComfyUI's scheduler. */
  readonly comfy: SpacingKey;
  /** A1111's schedule type. */
  readonly a1111: string;
  readonly also: readonly string[];
  readonly timesteps: 'linspace' | 'leading' | 'trailing';
  /** Sigma spacing; null: timestep spacing. */
  readonly rule: 'karras' | 'exponential' | 'beta' | null;
  /** Difference to the other programs; null: rounding only. */
  readonly differs: string | null;
}

export const SPACINGS: readonly Spacing[] = [
  {
    comfy: 'normal',
    a1111: 'Normal',
    also: ['Uniform', 'discrete'],
    timesteps: 'linspace',
    rule: null,
    differs: 'sigmas between timesteps are interpolated linearly, in the other programs by their logarithms',
  },
  { comfy: 'karras', a1111: 'Karras', also: ['k'], timesteps: 'linspace', rule: 'karras', differs: null },
  {
    comfy: 'exponential',
    a1111: 'Exponential',
    also: ['Polyexponential'],
    timesteps: 'linspace',
    rule: 'exponential',
    differs: null,
  },
  {
    comfy: 'beta',
    a1111: 'Beta',
    also: [],
    timesteps: 'linspace',
    rule: 'beta',
    differs: 'none to A1111; ComfyUI uses only sigmas of integer timesteps',
  },
  {
    comfy: 'sgm_uniform',
    a1111: 'SGM Uniform',
    also: ['Trailing', 'SGM'],
    timesteps: 'trailing',
    rule: null,
    differs: 'timesteps are integers; the other programs space them evenly from 999 (difference at most 1)',
  },
  {
    comfy: 'simple',
    a1111: 'Simple',
    also: [],
    timesteps: 'trailing',
    rule: null,
    differs: 'timesteps are rounded, in the other programs truncated (difference at most 1)',
  },
  {
    comfy: 'ddim_uniform',
    a1111: 'DDIM',
    also: ['Leading'],
    timesteps: 'leading',
    rule: null,
    differs: 'none if steps divides 1000; otherwise the other programs may make one more step',
  },
];

export interface Sampler {
  readonly a1111: string | null;
  readonly comfy: string | null;
  /** Names of InvokeAI, NovelAI, SD.Next and Draw Things. */
  readonly also: readonly string[];
  /** diffusers' class, and the keys that configure it as this sampler. */
  readonly scheduler: string;
  readonly values: ConfigValues;
  /** Spacings that it supports. */
  readonly takes: 'all' | 'timesteps' | 'rules' | 'none';
  /** Spacing of a name without one; null: the class has no choice. */
  readonly plain: SpacingKey | null;
  /** The spacing of A1111's schedule type Automatic. */
  readonly automatic: SpacingKey | null;
  /** Difference to the other programs; null: rounding only. */
  readonly differs: string | null;
}

const ORDINARY = { also: [], values: {}, takes: 'all', plain: 'normal', automatic: 'normal', differs: null } as const;
const FRESH = 'the noise of each step is independent; the other programs use a Brownian tree';
const PENULTIMATE = 'the other programs omit the last noise level before 0';
const LEADING = { takes: 'timesteps', plain: 'ddim_uniform', automatic: 'ddim_uniform' } as const;
const UNCLIPPED = { clip_sample: false, set_alpha_to_one: false } as const;
const OWN_TIMESTEPS = 'timesteps are those of distillation, as in diffusers; the other programs allow any';

export const SAMPLERS: readonly Sampler[] = [
  { ...ORDINARY, a1111: 'Euler', comfy: 'euler', scheduler: 'EulerDiscreteScheduler' },
  {
    ...ORDINARY,
    a1111: 'Euler a',
    comfy: 'euler_ancestral',
    scheduler: 'EulerAncestralDiscreteScheduler',
    takes: 'timesteps',
  },
  { ...ORDINARY, a1111: 'Heun', comfy: 'heun', scheduler: 'HeunDiscreteScheduler' },
  { ...ORDINARY, a1111: 'LMS', comfy: 'lms', also: ['LMSD'], scheduler: 'LMSDiscreteScheduler' },
  {
    ...ORDINARY,
    a1111: 'DPM2',
    comfy: 'dpm_2',
    also: ['kdpm_2'],
    scheduler: 'KDPM2DiscreteScheduler',
    automatic: 'karras',
    differs: PENULTIMATE,
  },
  {
    ...ORDINARY,
    a1111: 'DPM2 a',
    comfy: 'dpm_2_ancestral',
    also: ['kdpm_2_a'],
    scheduler: 'KDPM2AncestralDiscreteScheduler',
    automatic: 'karras',
    differs: PENULTIMATE,
  },
  {
    ...ORDINARY,
    a1111: 'DPM++ 2M',
    comfy: 'dpmpp_2m',
    scheduler: 'DPMSolverMultistepScheduler',
    values: { algorithm_type: 'dpmsolver++', solver_order: 2, solver_type: 'midpoint' },
    automatic: 'karras',
    differs: 'the UNet gets timesteps rounded to integers',
  },
  {
    ...ORDINARY,
    a1111: 'DPM++ 2M SDE',
    comfy: 'dpmpp_2m_sde',
    scheduler: 'DPMSolverMultistepScheduler',
    values: { algorithm_type: 'sde-dpmsolver++', solver_order: 2, solver_type: 'midpoint' },
    automatic: 'exponential',
    differs: FRESH,
  },
  {
    ...ORDINARY,
    a1111: 'DPM++ 2M SDE Heun',
    comfy: 'dpmpp_2m_sde_heun',
    scheduler: 'DPMSolverMultistepScheduler',
    values: { algorithm_type: 'sde-dpmsolver++', solver_order: 2, solver_type: 'heun' },
    automatic: 'exponential',
    differs: FRESH,
  },
  {
    ...ORDINARY,
    a1111: null,
    comfy: null,
    also: ['DPM++ 3M', 'dpmpp_3m'],
    scheduler: 'DPMSolverMultistepScheduler',
    values: { algorithm_type: 'dpmsolver++', solver_order: 3, solver_type: 'midpoint' },
  },
  {
    ...ORDINARY,
    a1111: 'DPM++ 3M SDE',
    comfy: 'dpmpp_3m_sde',
    scheduler: 'DPMSolverMultistepScheduler',
    values: { algorithm_type: 'sde-dpmsolver++', solver_order: 3 },
    automatic: 'exponential',
    differs: `${FRESH} and a different formula for the third order`,
  },
  {
    ...ORDINARY,
    a1111: 'DPM++ SDE',
    comfy: 'dpmpp_sde',
    also: ['DPM SDE'],
    scheduler: 'DPMSolverSDEScheduler',
    automatic: 'karras',
    differs: 'the Brownian tree spans the whole schedule, in the other programs the steps that run',
  },
  {
    ...ORDINARY,
    a1111: null,
    comfy: null,
    also: ['dpmpp_2s'],
    scheduler: 'DPMSolverSinglestepScheduler',
    values: { solver_order: 2 },
    takes: 'rules',
    plain: null,
    automatic: null,
  },
  { ...ORDINARY, ...LEADING, a1111: 'DDIM', comfy: 'ddim', scheduler: 'DDIMScheduler', values: UNCLIPPED },
  {
    ...ORDINARY,
    ...LEADING,
    a1111: null,
    comfy: 'ddpm',
    scheduler: 'DDPMScheduler',
    values: UNCLIPPED,
    differs: 'timesteps are integers; ComfyUI allows any',
  },
  {
    ...ORDINARY,
    ...LEADING,
    a1111: 'PLMS',
    comfy: null,
    also: ['pndm'],
    scheduler: 'PNDMScheduler',
    values: { skip_prk_steps: true, set_alpha_to_one: false },
  },
  {
    ...ORDINARY,
    a1111: 'UniPC',
    comfy: 'uni_pc',
    scheduler: 'UniPCMultistepScheduler',
    values: { solver_order: 3, solver_type: 'bh1' },
    differs: 'the UNet gets timesteps rounded to integers; ComfyUI omits the last noise level before 0',
  },
  {
    ...ORDINARY,
    a1111: null,
    comfy: 'uni_pc_bh2',
    scheduler: 'UniPCMultistepScheduler',
    values: { solver_order: 3, solver_type: 'bh2' },
    differs: 'the UNet gets timesteps rounded to integers; ComfyUI omits the last noise level before 0',
  },
  {
    ...ORDINARY,
    a1111: null,
    comfy: 'deis',
    scheduler: 'DEISMultistepScheduler',
    values: { solver_order: 3, algorithm_type: 'deis', solver_type: 'logrho' },
    differs: 'the polynomial differs',
  },
  {
    ...ORDINARY,
    a1111: 'LCM',
    comfy: 'lcm',
    scheduler: 'LCMScheduler',
    takes: 'none',
    plain: null,
    automatic: null,
    differs: OWN_TIMESTEPS,
  },
  {
    ...ORDINARY,
    a1111: 'TCD',
    comfy: 'tcd',
    scheduler: 'TCDScheduler',
    takes: 'none',
    plain: null,
    automatic: null,
    differs: OWN_TIMESTEPS,
  },
];
