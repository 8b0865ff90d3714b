/** What made a picture, in one form for all programs. */
import type { Rng } from '../records.js';
import { MAX_PROMPT_CHARS } from './limits.js';
import { quote, type Warn } from './warnings.js';

export type Program =
  | 'sdxl-refine'
  | 'a1111'
  | 'comfyui'
  | 'invokeai'
  | 'fooocus'
  | 'novelai'
  | 'swarmui'
  | 'draw-things'
  /** Something was there, and nothing of it could be read: the warnings say why. */
  | 'unknown';

/** Of A1111 and Forge. */
export interface NoiseFacts {
  rng?: Rng;
  /** Of an encoded picture, whose draw nobody can repeat. */
  vaeSample?: 'mean';
  variationSeed?: number;
  variationStrength?: number;
  /** ENSD: what the seed of the samplers' own noise is more than the seed. */
  etaNoiseSeedDelta?: number;
}

/** Null is what the picture does not say, or says in a way that cannot be used. */
export interface GenerationFacts {
  /** Whose form the metadata has; many programs write A1111's. */
  program: Program;
  prompt: string | null;
  negativePrompt: string | null;
  /** 0 to 2^53-1. ComfyUI draws up to 2^64-1: such a seed is null, with a warning. */
  seed: number | null;
  steps: number | null;
  /** As the program wrote it. */
  sampler: string | null;
  /** The schedule of noise levels as the program wrote it: `Karras`, `normal`, … */
  scheduler: string | null;
  guidanceScale: number | null;
  /** Pixels; the size that was generated, which an upscaler may have changed since. */
  width: number | null;
  height: number | null;
  /** What the program says of its random numbers; absent: nothing. */
  noise?: NoiseFacts;
  warnings: readonly string[];
}

export type Facts = Omit<GenerationFacts, 'warnings'>;

/** The same, as a program's metadata has it: any JSON value. */
export type RawFacts = Readonly<Partial<Record<Exclude<keyof Facts, 'program' | 'noise'>, unknown>>>;

/** Takes what can be used of the raw values; warns of the rest. Numbers may be text, as many programs write them. */
export const factsOf = (program: Program, raw: RawFacts, warn: Warn): Facts => ({
  program,
  prompt: promptOf(raw.prompt, warn),
  negativePrompt: promptOf(raw.negativePrompt, warn),
  seed: seedOf(raw.seed, warn),
  steps: countOf(raw.steps, 'steps', warn),
  sampler: nameOf(raw.sampler),
  scheduler: nameOf(raw.scheduler),
  guidanceScale: numberOf(raw.guidanceScale),
  width: countOf(raw.width, 'width', warn),
  height: countOf(raw.height, 'height', warn),
});

/** Facts that hold something. */
export const isInformative = ({ program: _, ...facts }: Facts): boolean =>
  Object.values(facts).some((value) => value !== null);

const promptOf = (value: unknown, warn: Warn): string | null => {
  if (typeof value !== 'string') return null;
  if (value.length <= MAX_PROMPT_CHARS) return value;
  warn(`A prompt of ${value.length} characters is left out; at most ${MAX_PROMPT_CHARS} are read.`);
  return null;
};

const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
const MAX_NUMBER_CHARS = 40;

export const numberOf = (value: unknown): number | null => {
  const isText = typeof value === 'string' && value.length <= MAX_NUMBER_CHARS && NUMBER.test(value);
  const number = isText ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
};

const seedOf = (value: unknown, warn: Warn): number | null => {
  const seed = numberOf(value);
  if (seed === null || seed < 0) return null;
  if (Number.isSafeInteger(seed)) return seed;
  warn(`The seed ${seed} is left out: seeds are whole numbers from 0 to 2^53-1.`);
  return null;
};

const countOf = (value: unknown, what: string, warn: Warn): number | null => {
  const count = numberOf(value);
  if (count !== null && Number.isSafeInteger(count) && count > 0) return count;
  if (typeof value === 'string' || typeof value === 'number') warn(`${what} ${quote(String(value))} is left out.`);
  return null;
};

const MAX_NAME_CHARS = 200;

const nameOf = (value: unknown): string | null =>
  typeof value === 'string' && value.length <= MAX_NAME_CHARS ? value.trim() || null : null;
