/**
 * ComfyUI's nodes that are a sampler or a schedule of noise levels by their class: no input has the name. Pure.
 * Sources: comfy_extras/nodes_custom_sampler.py, nodes_align_your_steps.py, nodes_gits.py (ComfyUI 065c1df).
 */
import { quote, type Warn } from '../warnings.js';
import type { GraphNode } from './comfyui-graph.js';

/** Inputs of SamplerCustom that are separate nodes. */
export type Part = 'guider' | 'noise' | 'sampler' | 'sigmas';

/** A class's name among KSampler's values, and the numbers with which it equals them. */
interface NamedClass {
  name: string;
  usual?: Readonly<Record<string, number>>;
}

const ANCESTRAL = { eta: 1, s_noise: 1 };

const CLASSES: ReadonlyMap<string, NamedClass> = new Map<string, NamedClass>([
  ['KarrasScheduler', { name: 'karras', usual: { rho: 7 } }],
  ['ExponentialScheduler', { name: 'exponential' }],
  ['PolyexponentialScheduler', { name: 'exponential', usual: { rho: 1 } }],
  ['BetaSamplingScheduler', { name: 'beta', usual: { alpha: 0.6, beta: 0.6 } }],
  ['SDTurboScheduler', { name: 'turbo' }],
  ['AlignYourStepsScheduler', { name: 'align_your_steps' }],
  ['GITSScheduler', { name: 'gits' }],
  ['LaplaceScheduler', { name: 'laplace' }],
  ['VPScheduler', { name: 'vp' }],
  ['SamplerEulerAncestral', { name: 'euler_ancestral', usual: ANCESTRAL }],
  ['SamplerEulerAncestralCFGPP', { name: 'euler_ancestral_cfg_pp' }],
  ['SamplerEulerCFGpp', { name: 'euler_cfg_pp' }],
  ['SamplerLMS', { name: 'lms', usual: { order: 4 } }],
  ['SamplerDPMPP_2M_SDE', { name: 'dpmpp_2m_sde', usual: ANCESTRAL }],
  ['SamplerDPMPP_3M_SDE', { name: 'dpmpp_3m_sde', usual: ANCESTRAL }],
  ['SamplerDPMPP_SDE', { name: 'dpmpp_sde', usual: { ...ANCESTRAL, r: 0.5 } }],
  ['SamplerDPMPP_2S_Ancestral', { name: 'dpmpp_2s_ancestral' }],
  ['SamplerDPMAdaptative', { name: 'dpm_adaptive' }],
  ['SamplerER_SDE', { name: 'er_sde' }],
  ['SamplerSASolver', { name: 'sa_solver' }],
  ['SamplerSEEDS2', { name: 'seeds_2' }],
]);

const KEYS = { sampler: 'sampler_name', sigmas: 'scheduler' } as const;

/** The input of KSampler that a part's last node stands for, and its value: by its class, or else the class itself, which is reported as unknown. */
export const namedPart = (
  part: Part,
  { type, inputs }: GraphNode,
  warn: Warn,
): readonly [key: string, value: string] | null => {
  if (part !== 'sampler' && part !== 'sigmas') return null;
  const key = KEYS[part];
  if (inputs.has(key)) return null;
  const { name, usual = {} } = CLASSES.get(type) ?? { name: type };
  const unread = Object.entries(usual).flatMap(([input, number]) => {
    const value = inputs.get(input);
    return typeof value === 'number' && value !== number ? [`${input} ${value}`] : [];
  });
  if (unread.length > 0) warn(`Ignored ${unread.join(', ')} of ComfyUI's ${quote(type)}: the usual values are used.`);
  const isHeun = type === 'SamplerDPMPP_2M_SDE' && inputs.get('solver_type') === 'heun';
  return [key, isHeun ? `${name}_heun` : name];
};
