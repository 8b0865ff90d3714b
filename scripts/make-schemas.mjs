/** Writes schemas/*.json from the definitions that validate; with --check, says whether they are written already. */
import { join } from 'node:path';
import { format } from 'prettier';
import { z } from 'zod';
import { batchCommand } from '../dist/app/cli/commands/batch-command.js';
import { configKeys } from '../dist/app/cli/config/config-keys.js';
import { configSchema } from '../dist/app/cli/config/config-schema.js';
import { generateCommand } from '../dist/app/cli/commands/generate-command.js';
import { generateRowSchema, rowSchema } from '../dist/run/manifest/rows/row-schema.js';
import { resultSchema } from '../dist/run/results/result-schema.js';
import { writeMade } from './made-file.mjs';
import { root } from './steps.mjs';

/** One file serves both commands; where both have a key, it is described as `batch` has it. */
const settings = [generateCommand, batchCommand].flatMap((command) => configKeys(command(process, () => undefined)));
const distinct = [...new Map(settings.map((key) => [key.name, key])).values()];

const schemas = {
  row: rowSchema,
  'generate-row': generateRowSchema,
  result: resultSchema,
  config: configSchema(distinct),
};

/** What zod says of its own types and a reader of the schema does not need. */
const plain = ({ jsonSchema }) => {
  delete jsonSchema.readOnly;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
};

for (const [name, schema] of Object.entries(schemas)) {
  /* Draft 7 is what editors read. */
  const json = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', override: plain });
  const text = await format(JSON.stringify(json), { parser: 'json', printWidth: 120 });
  writeMade(join(root, `schemas/${name}.schema.json`), text);
}
