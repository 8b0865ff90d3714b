/** A line of `results.jsonl` as a definition that others can check against; its JSON Schema comes from here. */
import { z } from 'zod';
import { ERROR_CODES } from '../errors.js';
import type { ResultRecord } from '../records.js';

const count = z.int().min(0);

const schema = z.object({
  row_number_per_file: count.meta({ description: "the row's number in its own input, counted from 0" }),
  image_file_name: z.string().nullable().meta({ description: 'the output inside the output folder' }),
  nsfw_content_detected: z.boolean().nullable().meta({ description: 'null: nobody looked' }),
  input_csv_name: z.string().meta({ description: 'file name of the input; - for standard input' }),
  id: z.string().nullable(),
  status: z.enum(['ok', 'failed', 'blocked', 'skipped']),
  image: z.string().nullable().meta({ description: 'image or latents as the row has it' }),
  prompt: z.string().nullable(),
  negative_prompt: z.string().nullable(),
  seed: count.nullable(),
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
  extra: z.record(z.string(), z.unknown()).readonly().meta({ description: 'keys of the row that are not ours' }),
  digest: z.string().nullable().meta({ description: 'of everything that decides the output: what --resume compares' }),
});

type Same<A, B> = [A, B] extends [B, A] ? true : false;

/** Does not compile when the definition and the interface say different things. */
true satisfies Same<z.infer<typeof schema>, ResultRecord>;

export const resultSchema = schema.meta({ title: 'A line of results.jsonl of sdxl-refine' });
