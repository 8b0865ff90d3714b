/** Declaration of a setting or row key, and kinds of values that several share. */
import { z } from 'zod';

/** Longest schedule. SDXL was trained on 1000 timesteps; a longer schedule would repeat some. */
export const MAX_STEPS = 1000;

/** The commands whose rows have keys. */
export type RowCommand = 'batch' | 'generate';

/** Declaration of a key. Manifests, options, configuration, results, schemas and docs are made from it. */
export interface RowKey {
  /** How the text of a CSV cell or an option becomes a value. */
  kind: 'text' | 'number' | 'list' | 'object';
  schema: z.ZodType;
  /** Values that `schema` accepts, as the end of "Expected … to be". */
  expected: string;
  /** null if not known before the run; `defaultText` describes it. */
  default: unknown;
  defaultText: string;
  help: string;
  /** Its description in docs/manifest.md, Markdown; default: `expected` and `help`. */
  docs: string | null;
  /** Other spellings of this key. */
  aliases: readonly string[];
  /**
   * Names of this key in other programs' tables. Without the key itself, the first that a row has counts; otherwise, and in
   * commands without the key, they are extra keys.
   */
  synonyms: readonly string[];
  /** Whether it makes sense for all rows: then the command line, configuration files and requests have it too. */
  isOption: boolean;
  /** The one command that has it; null: both. */
  only: RowCommand | null;
  /** Whether a model's refine-defaults.json may set it. */
  modelMaySet: boolean;
  /** A line of results.jsonl has it `always` (code in result-record.ts), only if it differs from its default (`changed`), or `never`. */
  inResults: 'always' | 'changed' | 'never';
  /** Row digests have it `always`, or only if it differs from its default (`changed`): new settings leave finished rows finished. */
  inDigest: 'always' | 'changed';
  /** Without a default, but known for every row that runs. */
  isResolved: boolean;
}

const DEFAULTS = {
  default: null,
  docs: null,
  aliases: [],
  synonyms: [],
  isOption: true,
  only: null,
  modelMaySet: false,
  inResults: 'never',
  inDigest: 'changed',
  isResolved: false,
} as const satisfies Partial<RowKey>;

type Declared = Pick<RowKey, 'kind' | 'schema' | 'expected' | 'help'> & Partial<RowKey>;
type Completed<Key extends Declared> = Omit<RowKey, keyof typeof DEFAULTS | keyof Key> &
  Omit<typeof DEFAULTS, keyof Key> &
  Key;

/** Completes a declaration. */
export const rowKey = <const Key extends Declared>(key: Key): Completed<Key> => ({
  ...DEFAULTS,
  defaultText: key.default == null ? 'none' : JSON.stringify(key.default),
  ...key,
});

/** The tokenizer would take seconds for a longer word. */
const MAX_PROMPT_LENGTH = 20_000;
export const prompt = {
  kind: 'text',
  schema: z.string().max(MAX_PROMPT_LENGTH),
  expected: `text of at most ${MAX_PROMPT_LENGTH} characters`,
} as const;
export const filledText = { kind: 'text', schema: z.string().min(1), expected: 'text that is not empty' } as const;
export const number = { kind: 'number', schema: z.number(), expected: 'a number' } as const;
export const fraction = { kind: 'number', schema: z.number().min(0).max(1), expected: 'a number from 0 to 1' } as const;
export const steps = {
  kind: 'number',
  schema: z.int().min(1).max(MAX_STEPS),
  expected: `an integer from 1 to ${MAX_STEPS}`,
} as const;
/** Other programs of this field read it as a random seed. */
export const RANDOM_SEED = -1;
export const seed = {
  kind: 'number',
  schema: z.int().min(RANDOM_SEED),
  expected: `an integer from 0 to ${Number.MAX_SAFE_INTEGER} (2^53-1), or ${RANDOM_SEED} for one that is drawn`,
} as const;
export const loraWeight = z.union([
  z.number(),
  z.strictObject({ text_encoder: z.number(), unet: z.number() }).readonly(),
]);
const pixels = z.int().min(1);
export const size = {
  kind: 'list',
  schema: z.tuple([pixels, pixels]).readonly(),
  expected: '[height, width] in whole pixels, each at least 1',
  docs: '[height, width] in pixels',
} as const;
const offset = z.int().min(0);
export const corner = {
  kind: 'list',
  schema: z.tuple([offset, offset]).readonly(),
  expected: '[top, left] in whole pixels, each at least 0',
  docs: '[top, left] in pixels',
} as const;
export const side = {
  kind: 'number',
  schema: z.int().min(8).max(8192).multipleOf(8),
  expected: 'a multiple of 8 from 8 to 8192',
  defaultText: "the base model's training size",
  only: 'generate',
} as const;

/** A schedule's timesteps or sigmas, in falling order. */
const falling = (one: z.ZodType<number>): z.ZodReadonly<z.ZodArray<z.ZodType<number>>> =>
  z
    .array(one)
    .min(1)
    .max(MAX_STEPS + 1)
    .refine((values) => values.every((value, index) => value < (values[index - 1] ?? Infinity)))
    .readonly();
export const timesteps = {
  kind: 'list',
  schema: z.union([z.literal('ays'), falling(z.int().min(0))]),
  expected: '"ays", or timesteps from the noisiest on, each lower than the one before',
  docs: '`"ays"`, or a list of falling integers below 1000; `steps` is then its length: [schedulers.md](schedulers.md#custom-timesteps-and-sigmas)',
} as const;
export const sigmas = {
  kind: 'list',
  schema: falling(z.number().min(0)).refine((values) => values.length > 1),
  expected:
    'a list of two or more sigmas, each lower than the one before; the last is where the run ends, most often 0',
  docs: 'a list of falling numbers, one more than `steps`: [schedulers.md](schedulers.md#custom-timesteps-and-sigmas)',
} as const;

/** A choice of words. */
export const oneOf = <const Words extends readonly [string, string, ...string[]]>(
  ...words: Words
): { kind: 'text'; schema: z.ZodEnum<{ [Word in Words[number]]: Word }>; expected: string } => {
  const quoted = words.map((word) => `"${word}"`);
  return {
    kind: 'text',
    schema: z.enum(words),
    expected: `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`,
  };
};
