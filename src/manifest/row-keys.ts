/** The keys of a row, as data: one table for manifests, command-line options and documentation. */
import { z } from 'zod';

/** Longest schedule: SDXL was trained on 1000 timesteps, and a longer schedule would have to repeat them. */
export const MAX_STEPS = 1000;

interface RowKey<Schema extends z.ZodType> {
  /** How the text of a CSV cell or an option becomes a value. */
  kind: 'text' | 'number' | 'pair';
  schema: Schema;
  /** What `schema` accepts, as it follows "Expected … to be". */
  expected: string;
  /** null where the value isn't known before the run; `defaultText` says what it will be. */
  default: z.infer<Schema> | null;
  defaultText: string;
  help: string;
  /** Other spellings that mean this key. */
  aliases: readonly string[];
  /** Whether it makes sense for all rows at once, so that the command line has it too. */
  isOption: boolean;
}

const rowKey = <Schema extends z.ZodType>(
  key: Pick<RowKey<Schema>, 'kind' | 'schema' | 'expected' | 'help'> & Partial<RowKey<Schema>>,
): RowKey<Schema> => ({
  default: null,
  defaultText: key.default === undefined ? 'none' : JSON.stringify(key.default),
  aliases: [],
  isOption: true,
  ...key,
});

/** Far more than the 77 tokens that count; without a limit a word of a hundred thousand letters takes seconds to tokenize. */
const MAX_PROMPT_LENGTH = 20_000;
const prompt = {
  kind: 'text',
  schema: z.string().max(MAX_PROMPT_LENGTH),
  expected: `text of at most ${MAX_PROMPT_LENGTH} characters`,
} as const;
const filledText = { kind: 'text', schema: z.string().min(1), expected: 'text that is not empty' } as const;
const number = { kind: 'number', schema: z.number(), expected: 'a number' } as const;
const share = { kind: 'number', schema: z.number().min(0).max(1), expected: 'a number from 0 to 1' } as const;
const pixels = z.int().min(1);
const size = {
  kind: 'pair',
  schema: z.tuple([pixels, pixels]).readonly(),
  expected: '[height, width] in whole pixels, each at least 1',
} as const;
const offset = z.int().min(0);
const corner = {
  kind: 'pair',
  schema: z.tuple([offset, offset]).readonly(),
  expected: '[top, left] in whole pixels, each at least 0',
} as const;
const pictureSize = "the picture's size";

export const ROW_KEYS = {
  image: rowKey({
    ...filledText,
    help: "picture to refine: a path relative to the manifest's folder, an http(s) or file URL, a data: URL or base64",
    defaultText: 'required, unless `latents` is there',
    isOption: false,
  }),
  latents: rowKey({
    ...filledText,
    help: 'a .safetensors or .npy file with latents [1,4,h,w], instead of image',
    isOption: false,
  }),
  prompt: rowKey({ ...prompt, help: 'what the picture shows; "" is a prompt', defaultText: 'required' }),
  negative_prompt: rowKey({ ...prompt, default: '', help: 'what the picture should not show' }),
  strength: rowKey({ ...share, default: 0.3, help: 'share of the steps that run: how much the picture may change' }),
  steps: rowKey({
    kind: 'number',
    schema: z.int().min(1).max(MAX_STEPS),
    expected: `a whole number from 1 to ${MAX_STEPS}`,
    default: 50,
    help: 'length of the whole schedule; steps × strength of them run, rounded down',
    aliases: ['num_inference_steps'],
  }),
  guidance_scale: rowKey({ ...number, default: 5, help: 'how closely to follow the prompt; 1 or less: no guidance' }),
  seed: rowKey({
    kind: 'number',
    schema: z.int().min(0),
    expected: `a whole number from 0 to ${Number.MAX_SAFE_INTEGER} (2^53-1)`,
    help: 'start of the random numbers; the same seed gives the same picture',
    defaultText: 'drawn once for the run',
  }),
  scheduler: rowKey({ ...filledText, help: "diffusers' class name of the scheduler", defaultText: "the model's own" }),
  aesthetic_score: rowKey({ ...number, default: 6, help: 'aesthetic score that the prompt side is conditioned on' }),
  negative_aesthetic_score: rowKey({ ...number, default: 2.5, help: 'the same for the negative prompt' }),
  original_size: rowKey({ ...size, help: 'size that the model is told the picture had', defaultText: pictureSize }),
  target_size: rowKey({ ...size, help: 'size that the model is told to aim for', defaultText: pictureSize }),
  crops_coords_top_left: rowKey({ ...corner, default: [0, 0], help: 'crop that the model is told of' }),
  negative_original_size: rowKey({ ...size, help: 'the same for the negative prompt', defaultText: '`original_size`' }),
  negative_target_size: rowKey({ ...size, help: 'the same for the negative prompt', defaultText: '`target_size`' }),
  negative_crops_coords_top_left: rowKey({ ...corner, default: [0, 0], help: 'the same for the negative prompt' }),
  denoising_start: rowKey({ ...share, help: 'share of the schedule that already ran elsewhere; replaces strength' }),
  denoising_end: rowKey({ ...share, help: 'share of the schedule after which to stop' }),
  fit: rowKey({
    kind: 'text',
    schema: z.enum(['pad', 'resize']),
    expected: '"pad" or "resize"',
    default: 'pad',
    help: 'sides that are not multiples of 8: extend and crop back, or resize down as diffusers does',
  }),
  format: rowKey({
    kind: 'text',
    schema: z.enum(['png', 'jpeg', 'webp', 'avif', 'tiff']),
    expected: '"png", "jpeg", "webp", "avif" or "tiff"',
    help: "what the picture is written as, where output doesn't say",
    defaultText: '`png`',
  }),
  quality: rowKey({
    kind: 'number',
    schema: z.int().min(1).max(100),
    expected: 'a whole number from 1 to 100',
    help: 'of jpeg, webp and avif: higher is truer and larger',
    defaultText: '90; of avif 75',
  }),
  bit_depth: rowKey({
    kind: 'number',
    schema: z.union([z.literal(8), z.literal(16)]),
    expected: '8 or 16',
    help: 'bits of a channel; 16 for png and tiff',
    defaultText: '8',
  }),
  id: rowKey({ ...filledText, help: 'any text, unique in the run, returned as it is', isOption: false }),
  output: rowKey({
    ...filledText,
    help: 'file name inside the output folder; its extension says the format, .safetensors stands for latents',
    defaultText: "the picture's own name with the format's extension, else `row-000012.png`",
    isOption: false,
  }),
};

export type RowKeyName = keyof typeof ROW_KEYS;

/** Values of some keys, checked one by one. */
export type RowValues = { -readonly [Name in RowKeyName]?: z.infer<(typeof ROW_KEYS)[Name]['schema']> };

export const ROW_KEY_NAMES = Object.keys(ROW_KEYS) as readonly RowKeyName[];

/** Every accepted spelling and the key it means. */
const SPELLINGS: ReadonlyMap<string, RowKeyName> = new Map(
  ROW_KEY_NAMES.flatMap((name) => [name, ...ROW_KEYS[name].aliases].map((spelling) => [spelling, name] as const)),
);

export const ROW_KEY_SPELLINGS = [...SPELLINGS.keys()];

/** The key that a spelling means, exactly; undefined when it isn't one of ours. */
export const rowKeyOf = (spelling: string): RowKeyName | undefined => SPELLINGS.get(spelling);
