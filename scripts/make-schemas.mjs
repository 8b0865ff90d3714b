/** Writes schemas/*.json from the definitions that validate; with --check, says whether they are written already. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { z } from 'zod';
import { batchCommand } from '../dist/cli/batch-command.js';
import { configKeys } from '../dist/cli/config-keys.js';
import { configSchema } from '../dist/cli/config-schema.js';
import { generateCommand } from '../dist/cli/generate-command.js';
import { generateRowSchema, rowSchema } from '../dist/manifest/row-schema.js';
import { resultSchema } from '../dist/results/result-schema.js';

const folder = new URL('../schemas/', import.meta.url);

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

let isCurrent = true;
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(schemas)) {
  const file = new URL(`${name}.schema.json`, folder);
  /* Draft 7 is what editors read. */
  const json = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', override: plain });
  const text = await format(JSON.stringify(json), { parser: 'json', printWidth: 120 });
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readIfThere(file) !== text) {
    isCurrent = false;
    console.error(`schemas/${name}.schema.json is not what the source says: run node scripts/make-schemas.mjs`);
  }
}
process.exitCode = isCurrent ? 0 : 1;

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
