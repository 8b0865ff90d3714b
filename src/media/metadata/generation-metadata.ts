/** Generation metadata of a picture in one format for all programs. */
import type { PromptSyntax, Rng } from '../../records/settings.js';
import { MAX_PROMPT_CHARS } from './limits.js';
import { quote, type Warn } from './warnings.js';

export type Program =
  | 'sdxl-refine'
  | 'a1111'
  | 'sdnext'
  | 'comfyui'
  | 'invokeai'
  | 'fooocus'
  | 'novelai'
  | 'swarmui'
  | 'draw-things'
  | 'easy-diffusion'
  /** Metadata that could not be read, as the warnings say; or a text beside a picture that does not name its program. */
  | 'unknown';

/** Random number settings of A1111 and Forge. */
export interface NoiseMetadata {
  rng?: Rng;
  /** For an encoded picture: its random sample cannot be repeated. */
  vaeSample?: 'mean';
  /** As `seed`. */
  variationSeed?: number | string;
  variationStrength?: number;
  /** ENSD: added to the seed for the noise of the steps. */
  etaNoiseSeedDelta?: number;
}

/** Metadata of a picture; null for values that are missing or invalid. */
export interface GenerationMetadata {
  /** Program whose format the metadata has; many programs write A1111's. */
  program: Program;
  prompt: string | null;
  negativePrompt: string | null;
  /** 0 to 2^64-1; above 2^53-1 as a string of digits. */
  seed: number | string | null;
  steps: number | null;
  /** As the program wrote it. */
  sampler: string | null;
  /** The schedule of noise levels as the program wrote it: `Karras`, `normal`, … */
  scheduler: string | null;
  guidanceScale: number | null;
  /** Pixels; the generated size, before any upscaler. */
  width: number | null;
  height: number | null;
  /** Absent if the metadata has none. */
  noise?: NoiseMetadata;
  /** Prompt syntax that the metadata names; otherwise the program's (`syntaxOf`). */
  promptSyntax?: PromptSyntax;
  warnings: readonly string[];
}

export type ProgramMetadata = Omit<GenerationMetadata, 'warnings'>;

/** Unchecked values of a program's metadata: any JSON value. */
export type RawMetadata = Readonly<
  Partial<Record<Exclude<keyof ProgramMetadata, 'program' | 'noise' | 'promptSyntax'>, unknown>>
>;

/** Converts valid raw values; warns of invalid ones. Numbers may be text, as many programs write them. */
export const parseMetadata = (program: Program, raw: RawMetadata, warn: Warn): ProgramMetadata => ({
  program,
  prompt: promptOf(raw.prompt, 'prompt', warn),
  negativePrompt: promptOf(raw.negativePrompt, 'negative prompt', warn),
  seed: seedOf(raw.seed, 'seed', warn),
  steps: countOf(raw.steps, 'steps', warn),
  sampler: nameOf(raw.sampler, 'sampler', warn),
  scheduler: nameOf(raw.scheduler, 'scheduler', warn),
  guidanceScale: scaleOf(raw.guidanceScale, warn),
  width: countOf(raw.width, 'width', warn),
  height: countOf(raw.height, 'height', warn),
});

/** Whether metadata has any value. */
export const isInformative = ({ program: _, ...values }: ProgramMetadata): boolean =>
  Object.values(values).some((value) => value !== null);

/** Warns of a value that is present and invalid. */
const warnIgnored = (name: string, value: unknown, warn: Warn): null => {
  if (value !== undefined && value !== null) warn(`Ignored ${name} ${quote(shown(value))}: not a valid value.`);
  return null;
};

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const promptOf = (value: unknown, name: string, warn: Warn): string | null => {
  if (typeof value !== 'string') return warnIgnored(name, value, warn);
  if (value.length <= MAX_PROMPT_CHARS) return value;
  warn(`Ignored a prompt of ${value.length} characters: at most ${MAX_PROMPT_CHARS} are read.`);
  return null;
};

const NUMBER = /^\s*[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i;
const MAX_NUMBER_CHARS = 40;

export const numberOf = (value: unknown): number | null => {
  const isText = typeof value === 'string' && value.length <= MAX_NUMBER_CHARS && NUMBER.test(value);
  const number = isText ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
};

const scaleOf = (value: unknown, warn: Warn): number | null =>
  numberOf(value) ?? warnIgnored('guidance scale', value, warn);

const DIGITS = /^\s*\+?(\d{1,40})\s*$/;
const MAX_SEED = 2n ** 64n - 1n;

const seedOf = (value: unknown, name: string, warn: Warn): number | string | null => {
  const [, digits] = typeof value === 'string' ? (DIGITS.exec(value) ?? []) : [];
  const seed = digits === undefined ? numberOf(value) : BigInt(digits);
  if (typeof seed === 'number' && Number.isSafeInteger(seed) && seed >= 0) return seed;
  if (typeof seed === 'bigint' && seed <= MAX_SEED)
    return seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : String(seed);
  if (value !== undefined && value !== null && value !== '')
    warn(`Ignored ${name} ${quote(shown(value))}: expected an integer from 0 to 2^64-1.`);
  return null;
};

/**
 * Noise from unchecked values of a variation. A strength has no meaning without a seed, so both are left out if the seed is not valid.
 * @returns null if there is no variation
 */
export const parseVariation = (
  values: Readonly<Record<'variationSeed' | 'variationStrength', unknown>>,
  warn: Warn,
): Pick<NoiseMetadata, 'variationSeed' | 'variationStrength'> | null => {
  const strength = numberOf(values.variationStrength) ?? 0;
  const given = values.variationSeed ?? '';
  const variationSeed = seedOf(given, 'variation strength and seed', strength === 0 ? () => undefined : warn);
  if (variationSeed !== null)
    return strength === 0 ? { variationSeed } : { variationSeed, variationStrength: strength };
  if (strength !== 0 && given === '') warn(`Ignored variation strength ${strength}: there is no variation seed.`);
  return null;
};

const countOf = (value: unknown, name: string, warn: Warn): number | null => {
  const count = numberOf(value);
  return count !== null && Number.isSafeInteger(count) && count > 0 ? count : warnIgnored(name, value, warn);
};

const MAX_NAME_CHARS = 200;

const nameOf = (value: unknown, name: string, warn: Warn): string | null =>
  typeof value === 'string' && value.length <= MAX_NAME_CHARS ? value.trim() || null : warnIgnored(name, value, warn);
