/** What a key of a row is, and the kinds of values that several keys share. */
import { z } from 'zod';

/** Longest schedule: SDXL was trained on 1000 timesteps, and a longer schedule would have to repeat them. */
export const MAX_STEPS = 1000;

/** The commands whose rows have keys. */
export type RowCommand = 'batch' | 'generate';

export interface RowKey<Schema extends z.ZodType> {
  /** How the text of a CSV cell or an option becomes a value. */
  kind: 'text' | 'number' | 'pair' | 'weights';
  schema: Schema;
  /** What `schema` accepts, as it follows "Expected … to be". */
  expected: string;
  /** null where the value isn't known before the run; `defaultText` says what it will be. */
  default: z.infer<Schema> | null;
  defaultText: string;
  help: string;
  /** Other spellings that mean this key. */
  aliases: readonly string[];
  /**
   * What other programs' tables call it, the first that is there. They stand for it only where it is absent; beside it, and in commands
   * that have not the key, they travel along.
   */
  synonyms: readonly string[];
  /** Whether it makes sense for all rows at once, so that the command line has it too. */
  isOption: boolean;
  /** The one command that has it; null: both. */
  only: RowCommand | null;
}

export const rowKey = <Schema extends z.ZodType>(
  key: Pick<RowKey<Schema>, 'kind' | 'schema' | 'expected' | 'help'> & Partial<RowKey<Schema>>,
): RowKey<Schema> => ({
  default: null,
  defaultText: key.default === undefined ? 'none' : JSON.stringify(key.default),
  aliases: [],
  synonyms: [],
  isOption: true,
  only: null,
  ...key,
});

/** More than anybody writes; without a limit a word of a hundred thousand letters takes seconds to tokenize. */
const MAX_PROMPT_LENGTH = 20_000;
export const prompt = {
  kind: 'text',
  schema: z.string().max(MAX_PROMPT_LENGTH),
  expected: `text of at most ${MAX_PROMPT_LENGTH} characters`,
} as const;
export const filledText = { kind: 'text', schema: z.string().min(1), expected: 'text that is not empty' } as const;
export const number = { kind: 'number', schema: z.number(), expected: 'a number' } as const;
export const share = { kind: 'number', schema: z.number().min(0).max(1), expected: 'a number from 0 to 1' } as const;
export const steps = {
  kind: 'number',
  schema: z.int().min(1).max(MAX_STEPS),
  expected: `a whole number from 1 to ${MAX_STEPS}`,
} as const;
/** Stands for a seed that is drawn, in every program of this field. */
export const RANDOM_SEED = -1;
export const seed = {
  kind: 'number',
  schema: z.int().min(RANDOM_SEED),
  expected: `a whole number from 0 to ${Number.MAX_SAFE_INTEGER} (2^53-1), or ${RANDOM_SEED} for one that is drawn`,
} as const;
export const loraWeight = z.union([
  z.number(),
  z.strictObject({ text_encoder: z.number(), unet: z.number() }).readonly(),
]);
const pixels = z.int().min(1);
export const size = {
  kind: 'pair',
  schema: z.tuple([pixels, pixels]).readonly(),
  expected: '[height, width] in whole pixels, each at least 1',
} as const;
const offset = z.int().min(0);
export const corner = {
  kind: 'pair',
  schema: z.tuple([offset, offset]).readonly(),
  expected: '[top, left] in whole pixels, each at least 0',
} as const;
export const pictureSize = "the picture's size";
export const side = {
  kind: 'number',
  schema: z.int().min(8).max(8192).multipleOf(8),
  expected: 'a multiple of 8 from 8 to 8192',
  defaultText: 'what the base model was trained on',
  only: 'generate',
} as const;
