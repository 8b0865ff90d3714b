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

/** Who wrote A1111's text: SD.Next says so in `App`, others in `Version`. */
const programOf = (params: Params): Program => {
  const version = params.get('Version') ?? '';
  if (params.get('App') === 'SD.Next') return 'sdnext';
  if (version.startsWith('Fooocus')) return 'fooocus';
  return version.startsWith('sdxl-refine') ? 'sdxl-refine' : 'a1111';
};

/**
 * A1111's and Forge's `parameters`, which many programs write.
 * @param alone the text is A1111's by its place, so that one without parameters is a prompt; anywhere else it is nothing
 */
export const readA1111 = (text: string, alone: boolean, warn: Warn): ProgramMetadata | null => {
  const infotext = parseInfotext(text, warn);
  if (infotext === null) return null;
  const { prompt, negativePrompt, params } = infotext;
  if (params.size === 0 && (!alone || prompt + negativePrompt === '')) return null;
  const program = programOf(params);
  const [, width, height] = /^(\d+)x(\d+)\s*$/.exec(params.get('Size') ?? '') ?? [];
  const raw = {
    // What was written here names the LoRAs that were applied, behind the prompt.
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
  const facts = parseMetadata(program, raw, warn);
  const noise = noiseOf(params);
  const syntax = program === 'sdxl-refine' ? knownSyntax(params.get('Prompt syntax')) : null;
  return {
    ...facts,
    ...(Object.keys(noise).length === 0 ? {} : { noise }),
    ...(syntax === null ? {} : { promptSyntax: syntax }),
  };
};

/** A1111's and Forge's, Fooocus's, SD.Next's two. */
const SCHEDULES = ['Schedule type', 'Scheduler', 'Sampler sigma', 'Sampler spacing'];

/** Fooocus puts styles into the prompts above, and reads these back (modules/meta_parser.py, `A1111MetadataParser`). An empty value is a value. */
const typedInFooocus = (params: Params): { prompt: string; negativePrompt: string } => ({
  prompt: params.get('Raw prompt') ?? '',
  negativePrompt: params.get('Raw negative prompt') ?? '',
});

/** Networks that a prompt names are no words of it (A1111 v1.10.1, modules/extra_networks.py, `re_extra_net`). */
const NETWORKS = /\s*<(lora|lyco|hypernet):[^<>]*>/g;

/** A1111's versions, `v1.10.1`, and Forge's, `f2.0.1v1.10.1`. A git hash, as SD.Next writes it, has no dots. */
const VERSION = /^[vf]\d+\.\d+/;

/** `RNG` is written where it is not the GPU's own, whose numbers are Philox's too (A1111 v1.10.1, modules/processing.py). */
const noiseOf = (params: Params): NoiseMetadata => {
  const ofProgram = !params.has('App') && VERSION.test(params.get('Version') ?? '') ? 'GPU' : undefined;
  const rng = RNGS.get(params.get('RNG') ?? ofProgram ?? '');
  const numbers = {
    variationSeed: numberOf(params.get('Variation seed')),
    variationStrength: numberOf(params.get('Variation seed strength') ?? params.get('Variation strength')),
    etaNoiseSeedDelta: numberOf(params.get('ENSD') ?? params.get('Sampler eta delta')),
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
