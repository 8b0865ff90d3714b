import {
  type ProgramMetadata,
  parseMetadata,
  type NoiseMetadata,
  numberOf,
  type Program,
} from '../generation-metadata.js';
import type { Rng } from '../../../records/settings.js';
import type { Warn } from '../warnings.js';
import { knownSyntax } from '../prompt-syntax.js';
import { parseInfotext } from './parse-infotext.js';

type Params = ReadonlyMap<string, string>;

/** Program that wrote A1111's text: SD.Next is named in `App`, others in `Version`. */
const programOf = (params: Params): Program => {
  const version = params.get('Version') ?? '';
  if (params.get('App') === 'SD.Next') return 'sdnext';
  if (version.startsWith('Fooocus')) return 'fooocus';
  return version.startsWith('sdxl-refine') ? 'sdxl-refine' : 'a1111';
};

/**
 * `parameters` of A1111 and Forge, which many programs write.
 * @param alone whether the text comes from `parameters` itself: text without parameters is then a prompt, and otherwise ignored
 */
export const readA1111 = (text: string, alone: boolean, warn: Warn): ProgramMetadata | null => {
  const infotext = parseInfotext(text, warn);
  if (infotext === null) return null;
  const { prompt, negativePrompt, params } = infotext;
  if (params.size === 0 && (!alone || prompt + negativePrompt === '')) return null;
  const program = programOf(params);
  const [, width, height] = /^(\d+)x(\d+)\s*$/.exec(params.get('Size') ?? '') ?? [];
  const raw = {
    // This program writes the applied LoRAs after the prompt.
    prompt: program === 'sdxl-refine' ? prompt.replace(NETWORKS, '') : prompt,
    negativePrompt: params.size === 0 && negativePrompt === '' ? null : negativePrompt,
    ...(program === 'fooocus' && /[,\n] ?Raw prompt:/.test(text) ? typedInFooocus(params) : {}),
    seed: params.get('Seed'),
    steps: params.get('Steps'),
    sampler: params.get('Sampler'),
    scheduler: SCHEDULES.map((key) => params.get(key)).find((value) => value !== undefined),
    guidanceScale: params.get('CFG scale'),
    width,
    height,
  };
  const metadata = parseMetadata(program, raw, warn);
  const noise = noiseOf(params);
  const syntax = program === 'sdxl-refine' ? knownSyntax(params.get('Prompt syntax')) : null;
  return {
    ...metadata,
    ...(Object.keys(noise).length === 0 ? {} : { noise }),
    ...(syntax === null ? {} : { promptSyntax: syntax }),
  };
};

/** Keys of A1111 and Forge, of Fooocus, and two of SD.Next. */
const SCHEDULES = ['Schedule type', 'Scheduler', 'Sampler sigma', 'Sampler spacing'];

/** Prompts as typed: Fooocus adds styles to the main prompts and reads these back (modules/meta_parser.py, `A1111MetadataParser`). They may be empty. */
const typedInFooocus = (params: Params): { prompt: string; negativePrompt: string } => ({
  prompt: params.get('Raw prompt') ?? '',
  negativePrompt: params.get('Raw negative prompt') ?? '',
});

/**
 * Network tags in a prompt are not part of its text (A1111 v1.10.1, modules/extra_networks.py, `re_extra_net`). White space is matched
 * from its beginning only: from each of its characters, long white space would take quadratic time.
 */
const NETWORKS = /(?<!\s)\s*<(lora|lyco|hypernet):[^<>]*>/g;

/** Versions of A1111, `v1.10.1`, and Forge, `f2.0.1v1.10.1`. SD.Next's git hashes have no dots. */
const VERSION = /^[vf]\d+\.\d+/;

/** `RNG` is written unless it is GPU, whose generator is also Philox (A1111 v1.10.1, modules/processing.py). */
const noiseOf = (params: Params): NoiseMetadata => {
  const ofProgram = !params.has('App') && VERSION.test(params.get('Version') ?? '') ? 'GPU' : undefined;
  const rng = RNGS.get(params.get('RNG') ?? ofProgram ?? '');
  const numbers = {
    variationSeed: numberOf(params.get('Variation seed')),
    variationStrength: numberOf(params.get('Variation seed strength') ?? params.get('Variation strength')),
    etaNoiseSeedDelta: numberOf(params.get('ENSD') ?? params.get('Sampler eta delta')),
  };
  const present = Object.entries(numbers).filter(([, value]) => value !== null);
  return { ...(rng === undefined ? {} : { rng, vaeSample: 'mean' as const }), ...Object.fromEntries(present) };
};

/** On the CPU, A1111's noise is the seed's first random tensor: `torch-cpu` with the VAE's mean. */
const RNGS: ReadonlyMap<string, Rng> = new Map([
  ['GPU', 'philox'],
  ['NV', 'philox'],
  ['CPU', 'torch-cpu'],
]);
