/** The configuration file as one schema, for its JSON Schema; `config-keys.ts` checks each key with the same schemas. */
import { z } from 'zod';
import type { ConfigKey } from './config-keys.js';

export const configSchema = (keys: readonly ConfigKey[]): z.ZodObject =>
  z
    .strictObject({
      $schema: z.string().optional(),
      ...Object.fromEntries(
        keys.map((key) => {
          const described = {
            ...(key.default === null ? {} : { default: key.default }),
            ...(key.isOld ? { deprecated: true } : {}),
          };
          return [key.name, key.schema.nullish().meta({ description: key.help, ...described })];
        }),
      ),
    })
    .meta({ title: 'Settings of sdxl-refine batch and generate: sdxl-refine.json, sdxl-refine.yaml' });
