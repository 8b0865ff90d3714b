import { type Facts, factsOf, type NoiseFacts, numberOf, type Program } from '../facts.js';
import type { Rng } from '../../records.js';
import type { Warn } from '../warnings.js';
import { parseInfotext } from './parse-infotext.js';

/** Programs that write A1111's text and say so in `Version`. */
const OTHERS: readonly [prefix: string, program: Program][] = [
  ['Fooocus', 'fooocus'],
  ['sdxl-refine', 'sdxl-refine'],
];

/**
 * A1111's and Forge's `parameters`, which many programs write.
 * @param alone the text is A1111's by its place, so that one without parameters is a prompt; anywhere else it is nothing
 */
export const readA1111 = (text: string, alone: boolean, warn: Warn): Facts | null => {
  const infotext = parseInfotext(text, warn);
  if (infotext === null) return null;
  const { prompt, negativePrompt, params } = infotext;
  if (params.size === 0 && (!alone || prompt + negativePrompt === '')) return null;
  const version = params.get('Version') ?? '';
  const [, width, height] = /^(\d+)x(\d+)\s*$/.exec(params.get('Size') ?? '') ?? [];
  const raw = {
    prompt: prompt.replace(NETWORKS, ''),
    negativePrompt: params.size === 0 && negativePrompt === '' ? null : negativePrompt,
    seed: params.get('Seed'),
    steps: params.get('Steps'),
    sampler: params.get('Sampler'),
    scheduler: params.get('Schedule type'),
    guidanceScale: params.get('CFG scale'),
    width,
    height,
  };
  const facts = factsOf(OTHERS.find(([prefix]) => version.startsWith(prefix))?.[1] ?? 'a1111', raw, warn);
  const noise = noiseOf(params);
  return Object.keys(noise).length === 0 ? facts : { ...facts, noise };
};

/** Networks that a prompt names are no words of it (A1111 v1.10.1, modules/extra_networks.py, `re_extra_net`). */
const NETWORKS = /\s*<(lora|lyco|hypernet):[^<>]*>/g;

/** `RNG` is written where it is not the GPU's own, whose numbers are Philox's too (A1111 v1.10.1, modules/processing.py). */
const noiseOf = (params: ReadonlyMap<string, string>): NoiseFacts => {
  const ofProgram = /^(v1|f\d)/.test(params.get('Version') ?? '') ? 'GPU' : undefined;
  const rng = RNGS.get(params.get('RNG') ?? ofProgram ?? '');
  const numbers = {
    variationSeed: numberOf(params.get('Variation seed')),
    variationStrength: numberOf(params.get('Variation seed strength')),
    etaNoiseSeedDelta: numberOf(params.get('ENSD')),
  };
  const said = Object.entries(numbers).filter(([, value]) => value !== null);
  return { ...(rng === undefined ? {} : { rng, vaeSample: 'mean' as const }), ...Object.fromEntries(said) };
};

/** On the CPU, A1111's first noise is the seed's first draw: `torch-cpu` with the VAE's mean. */
const RNGS: ReadonlyMap<string, Rng> = new Map([
  ['GPU', 'philox'],
  ['NV', 'philox'],
  ['CPU', 'torch-cpu'],
]);
