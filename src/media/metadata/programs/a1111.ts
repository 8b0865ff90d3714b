import {
  type ProgramMetadata,
  parseMetadata,
  type NoiseMetadata,
  numberOf,
  parseVariation,
  type Program,
} from '../generation-metadata.js';
import { parseJsonObjects, valueOf } from '../parse-json.js';
import { quote, type Warn, warnOfLoras } from '../warnings.js';
import { knownSyntax } from '../prompt-syntax.js';
import { hasTwoPictures, parseInfotext } from './parse-infotext.js';

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
  if (hasTwoPictures(text)) {
    warn('Ignored a text with the parameters of two pictures: nothing says which of them this one is.');
    return parseMetadata('a1111', {}, warn);
  }
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
  if (!new RegExp(NETWORKS).test(`${prompt}${negativePrompt}`)) warnOfLoras(lorasOf(params), warn);
  const noise = noiseOf(params, warn);
  const syntax = program === 'sdxl-refine' ? knownSyntax(params.get('Prompt syntax')) : null;
  return {
    ...metadata,
    ...(Object.keys(noise).length === 0 ? {} : { noise }),
    ...(syntax === null ? {} : { promptSyntax: syntax }),
  };
};

/** Keys of A1111 and Forge, of Fooocus, of Tensor.Art, and two of SD.Next. */
const SCHEDULES = ['Schedule type', 'Scheduler', 'Schedule', 'Sampler sigma', 'Sampler spacing'];

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

/**
 * LoRAs that are not in the prompt as tags: `Lora hashes` of Fooocus, `ink: 0123abcd, clay: …`, and `Civitai resources` of Civitai's
 * generator, a list of `{"type": "lora", "modelName": …}`.
 */
const lorasOf = (params: Params): string[] => {
  const hashes = params.get('Lora hashes')?.split(',') ?? [];
  const listed = parseJsonObjects(params.get('Civitai resources') ?? '') ?? [];
  const resources = listed
    .filter((resource) => /^(?:lora|locon|lycoris|dora)$/i.test(String(valueOf(resource, 'type'))))
    .map((resource) => String(valueOf(resource, 'modelName') ?? valueOf(resource, 'modelVersionId')));
  return [...hashes.map((pair) => pair.replace(/:[^:]*$/, '').trim()).filter(Boolean), ...resources];
};

/** Versions of A1111, `v1.10.1`, which ends with 1.10, and Forge, `f2.0.1v1.10.1-previous-313-g8a04293`. Other programs have versions too: `v2.3 Some Saver`. */
const VERSION = /^(?:f\d+(?:\.\d+)+)?v1\.\d+(?:\.\d+)*(?:-?[a-z][\w.+-]*|-[\w.+-]*)?$/i;

/** `RNG` is written unless it is GPU, whose generator is also Philox (A1111 v1.10.1, modules/processing.py). */
const noiseOf = (params: Params, warn: Warn): NoiseMetadata => {
  const ofProgram = !params.has('App') && VERSION.test(params.get('Version') ?? '') ? 'GPU' : undefined;
  const named = params.get('RNG');
  const rng = RNGS.get(named ?? ofProgram ?? '');
  if (named !== undefined && rng === undefined) warn(`Ignored RNG ${quote(named)}: it has no equivalent here.`);
  const variationSeed = params.get('Variation seed');
  const variationStrength = params.get('Variation seed strength') ?? params.get('Variation strength');
  const etaNoiseSeedDelta = numberOf(params.get('ENSD') ?? params.get('Sampler eta delta'));
  return {
    ...rng,
    ...parseVariation({ variationSeed, variationStrength }, warn),
    ...(etaNoiseSeedDelta === null ? {} : { etaNoiseSeedDelta }),
  };
};

/**
 * On the CPU, A1111's noise is the seed's first random tensor: `torch-cpu` with the VAE's mean. stable-diffusion.cpp's `cuda` is the
 * generator of torch on a GPU, in software; it samples the encoded picture.
 */
const RNGS: ReadonlyMap<string, NoiseMetadata> = new Map<string, NoiseMetadata>([
  ['GPU', { rng: 'philox', vaeSample: 'mean' }],
  ['NV', { rng: 'philox', vaeSample: 'mean' }],
  ['CPU', { rng: 'torch-cpu', vaeSample: 'mean' }],
  ['cuda', { rng: 'philox' }],
]);
