/** Schemas of rows, for their JSON Schemas; `parse-row.ts` checks each key with the same parts. */
import { z } from 'zod';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { ROW_KEYS, rowKeyNames } from './row-keys.js';

/** Absent values may be null, and unknown keys are kept. */
const keysOf = (command: RowCommand): z.ZodObject =>
  z.looseObject(
    Object.fromEntries(
      rowKeyNames(command).flatMap((name) => {
        const { schema, help, default: value, aliases, synonyms } = ROW_KEYS[name];
        const described = { description: help, ...(value === null ? {} : { default: value }) };
        const key = schema.nullish().meta(described);
        const alternative = schema.nullish().meta({ description: `the same as ${name}` });
        const fallback = z.unknown().meta({ description: `${name}, if the row lacks it; else an unknown key` });
        return [
          [name, key] as const,
          ...aliases.map((alias) => [alias, alternative] as const),
          ...synonyms.map((synonym) => [synonym, fallback.optional()] as const),
        ];
      }),
    ),
  );

export const rowSchema = keysOf('batch').meta({
  title: 'A row of a manifest of sdxl-refine',
  anyOf: [{ required: ['image'] }, { required: ['latents'] }, { required: ['file_name'] }],
});

export const generateRowSchema = keysOf('generate').meta({ title: 'A row of a manifest of sdxl-refine generate' });
