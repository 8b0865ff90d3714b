/** Schema of a line of `results.jsonl`; its JSON Schema is made from it. */
import { z } from 'zod';
import { ERROR_CODES } from '../../errors.js';
import type { ResultRecord } from '../../records/result.js';
import { SETTINGS } from '../../records/setting-table.js';
import { CHANGED_NAMES, type ChangedSettings } from '../../records/settings.js';

/** An output's name has at most 1024 bytes; that of its latents has a suffix more. */
const MAX_NAME = 1100;

const count = z.int().min(0);

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const refiner = z.object({
  prompt: z.string().nullable(),
  negative_prompt: z.string().nullable(),
  seed: count.nullable(),
  steps: z.int().min(1).nullable(),
  guidance_scale: z.number().nullable(),
  scheduler: z.string().nullable(),
  cache_interval: count.optional().meta({ description: 'if it is not 1' }),
});

const safetyCheck = z.object({
  of: z.enum(['prompt', 'input', 'output']),
  verdict: z
    .enum(['clean', 'blocked', 'unscreened'])
    .meta({ description: 'unscreened: the screening was unavailable' }),
  categories: z
    .array(z.object({ category: z.string(), severity: z.number() }))
    .readonly()
    .meta({ description: "Azure's severities 0 to 6, or a classifier's probabilities 0 to 1" }),
  blocklists: z.array(z.string()).readonly().meta({ description: 'those with a match' }),
});

/** `/`-separated, as rows' outputs. Not a pattern: JSON Schema readers differ in character classes. */
const isOutputName = (name: string): boolean =>
  name.length <= MAX_NAME &&
  !/[\\:\p{Cc}]/u.test(name) &&
  name.split('/').every((part) => !['', '.', '..'].includes(part));

const outputName = z
  .string()
  .refine(isOutputName, { error: 'Invalid input: expected a name inside the output folder' });

/** As in the table of settings; a random seed is written as drawn. */
const changedSettings = Object.fromEntries(
  CHANGED_NAMES.map((name) => {
    const { schema, help } = SETTINGS[name];
    return [name, schema.optional().meta({ description: `${help}; only if it differs from its default` })];
  }),
) as unknown as { [Name in keyof ChangedSettings]-?: z.ZodOptional<(typeof SETTINGS)[Name]['schema']> };

const schema = z.object({
  row_number_per_file: count.meta({ description: "the row's number in its own input, counted from 0" }),
  image_file_name: outputName.nullable().meta({ description: 'the output inside the output folder' }),
  nsfw_content_detected: z.boolean().nullable().meta({ description: 'null: not screened' }),
  input_csv_name: z.string().meta({ description: 'file name of the input; - for standard input' }),
  id: z.string().nullable(),
  status: z.enum(['ok', 'failed', 'blocked', 'skipped']),
  image: z.string().nullable().meta({ description: 'image or latents as the row has it' }),
  prompt: z.string().nullable(),
  negative_prompt: z.string().nullable(),
  seed: count.nullable(),
  rng: z.enum(['torch-cpu', 'philox', 'comfy']).nullable().meta({ description: 'random number generator' }),
  strength: z.number().min(0).max(1).nullable(),
  steps: z.int().min(1).nullable(),
  steps_run: count.nullable().meta({ description: 'UNet steps that ran' }),
  guidance_scale: z.number().nullable(),
  scheduler: z.string().nullable(),
  width: z.int().min(1).nullable().meta({ description: 'of the output, in pixels' }),
  height: z.int().min(1).nullable(),
  model: z.string(),
  device: z.string(),
  precision: z.string(),
  duration_ms: count.nullable(),
  error: z.object({ code: z.enum(ERROR_CODES), message: z.string() }).nullable(),
  extra: z.record(z.string(), z.unknown()).readonly().meta({ description: 'unknown keys of the row, unchanged' }),
  digest: z.string().nullable().meta({ description: 'of everything that decides the output: what --resume compares' }),
  output_bytes: count.optional().meta({ description: "of the output's file, as it was written" }),
  output_sha256: sha256.optional().meta({ description: 'of its bytes: what --verify compares' }),
  unet_calls: count.optional().meta({
    description: 'evaluations of the UNet, two a step with guidance; of rows with adaptive_guidance or cache_interval',
  }),
  cached_unet_calls: count
    .optional()
    .meta({ description: 'those of them with cached deep features; of rows with cache_interval' }),
  warnings: z.array(z.string()).readonly().optional().meta({ description: 'warnings about this row' }),
  content_safety: z
    .object({ by: z.enum(['azure', 'local']), checks: z.array(safetyCheck).readonly() })
    .optional()
    .meta({ description: 'verdicts on prompt, input and output, if content was screened' }),
  ...changedSettings,
  loras: z
    .record(z.string(), z.union([z.number(), z.object({ text_encoder: z.number(), unet: z.number() }).readonly()]))
    .readonly()
    .optional()
    .meta({ description: "weights of the run's LoRAs, by name" }),
  mode: z
    .enum(['base', 'ensemble', 'two-stage'])
    .optional()
    .meta({ description: 'of generate; so are the keys below' }),
  handoff: z.number().nullish().meta({ description: 'share of the schedule after which the refiner continued' }),
  base_model: z.string().optional(),
  refiner: refiner.nullish().meta({ description: 'settings of the refiner; null: base model only' }),
  latents_file_name: outputName.nullish().meta({ description: "the base model's latents, inside the output folder" }),
  latents_bytes: count.optional().meta({ description: 'of their file, as of the output' }),
  latents_sha256: sha256.optional(),
});

type Same<A, B> = [A, B] extends [B, A] ? true : false;

/** Does not compile if the schema and the interface differ. */
true satisfies Same<z.infer<typeof schema>, ResultRecord>;

export const resultSchema = schema.meta({ title: 'A line of results.jsonl of sdxl-refine' });

/** For reading lines: a newer version may have written more keys. */
export const lineSchema = schema.loose();
