import { listSome } from '../../errors.js';
import { type ProgramMetadata, type GenerationMetadata, parseMetadata } from './generation-metadata.js';
import { isJsonLike, type JsonObject, isObject, parseJsonObjects, valueOf } from './parse-json.js';
import { readA1111 } from './programs/a1111.js';
import { readLabelledText } from './programs/labelled-text.js';
import { readProgramsJson } from './read-generation-metadata.js';
import { collectWarnings, quote, type Warn } from './warnings.js';

/** Distinguishes prompts without parameters from a caption. */
const NEGATIVE_LINE = /^[ \t]*negative prompt:/im;
/** What a copied infotext may begin with. */
const HEADING = /^\s*(?:parameters:?[ \t]*[\r\n]+)?\s*(?:(?:positive )?prompt:[ \t]*)?/i;

/**
 * Generation metadata from a separate text, as programs write it beside their pictures: the infotext of A1111, Forge and SD.Next,
 * lines with labels (Easy Diffusion), and JSON of every program whose JSON is read in pictures, or with a prompt.
 * @returns null for any other text, such as a caption
 */
export const readInfotext = (text: string): GenerationMetadata | null => {
  const { warn, list: warnings } = collectWarnings();
  const metadata = isJsonLike(text) ? readJson(text, warn) : readLines(text, warn);
  return metadata === null ? null : { ...metadata, warnings };
};

/** Keys that decide here, for texts whose letters' case was changed. */
const KEYS = ['Steps', 'Sampler', 'Schedule type', 'CFG scale', 'Seed', 'Size', 'Negative prompt'] as const;
const ANY_CASE = new RegExp(`((?:^|,)[ \\t]*)(${KEYS.join('|')}):`, 'gim');
const inOwnCase = (text: string): string =>
  text.replace(ANY_CASE, (_, before: string, key: string) => {
    const own = KEYS.find((name) => name.toLowerCase() === key.toLowerCase());
    return `${before}${own ?? key}:`;
  });

const readLines = (text: string, warn: Warn): ProgramMetadata | null => {
  const infotext = inOwnCase(text.replace(HEADING, ''));
  const withParameters = readA1111(infotext, false, warn);
  if (withParameters !== null) return withParameters;
  const labelled = readLabelledText(text, warn);
  if (labelled !== null || !NEGATIVE_LINE.test(text)) return labelled;
  return readA1111(infotext, true, warn);
};

const readJson = (text: string, warn: Warn): ProgramMetadata => {
  const [json, ...others] = parseJsonObjects(text) ?? [];
  const ofProgram = json === undefined || others.length > 0 ? null : readProgramsJson(json, warn);
  const metadata = ofProgram ?? (json === undefined || others.length > 0 ? null : readPlainJson(json, warn));
  if (metadata?.prompt == null) {
    warn(
      'The text beside the picture is JSON without a prompt that can be read: write the prompt alone, or into the row.',
    );
  }
  return metadata ?? parseMetadata('unknown', {}, warn);
};

/** Keys that many programs and scripts write. */
const PLAIN = {
  prompt: ['prompt', 'Prompt', 'positive_prompt', 'positive', 'caption', 'text'],
  negativePrompt: ['negative_prompt', 'negativePrompt', 'negative', 'Negative Prompt'],
  seed: ['seed', 'Seed'],
  steps: ['num_inference_steps', 'steps', 'Steps'],
  sampler: ['sampler_name', 'sampler', 'Sampler'],
  scheduler: ['scheduler'],
  guidanceScale: ['guidance_scale', 'cfg_scale', 'cfg', 'Guidance Scale'],
  width: ['width', 'Width'],
  height: ['height', 'Height'],
} as const;
const SHOWN = 5;

/** JSON of a program without marks, such as Easy Diffusion's: `{"prompt": …}`, or the same under `reqBody`. */
const readPlainJson = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const body = valueOf(json, 'reqBody');
  const from = isObject(body) ? body : json;
  const found = Object.entries(PLAIN).map(
    ([name, keys]) => [name, keys.find((key) => valueOf(from, key) !== undefined)] as const,
  );
  const raw = Object.fromEntries(
    found.flatMap(([name, key]) => (key === undefined ? [] : [[name, valueOf(from, key)]])),
  );
  if (typeof raw['prompt'] !== 'string') return null;
  const read = new Set<string | undefined>(found.map(([, key]) => key));
  const ignored = Object.keys(from).filter((key) => !read.has(key));
  if (ignored.length > 0) warn(`Ignored ${listSome(ignored.map(quote), SHOWN)} of the JSON beside the picture.`);
  return parseMetadata('unknown', raw, warn);
};
