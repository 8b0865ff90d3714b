/** Rows of a chunk as `enqueue` wrote them: what they may be. Pure. */
import { z } from 'zod';
import { isRefineError, messageOf, type ErrorCode, ERROR_CODES } from '../../errors.js';
import { parseObjectUri } from '../../io/store/read-object.js';
import type { Generation, InvalidRow, Row } from '../../records/row.js';
import { fraction, loraWeight, RANDOM_SEED, side, type RowKey } from '../../records/setting-kinds.js';
import { SETTINGS } from '../../records/setting-table.js';
import { camelCase, SETTING_NAMES, type RefineSettings, type SettingName } from '../../records/settings.js';
import { isOutput } from '../manifest/rows/output-name.js';
import { generateProblems } from '../manifest/rows/parse-generate-row.js';
import { settingProblems } from '../manifest/rows/resolve-settings.js';

export type ChunkRow = Row | InvalidRow;

const DECLARED: Readonly<Record<SettingName, RowKey>> = SETTINGS;
/** Drawn when a row is resolved, so that a chunk has no mark for a random one. */
const SEEDS: readonly SettingName[] = ['seed', 'variation_seed'];
const settingsOf = (schemaOf: (key: RowKey) => z.ZodType): z.ZodType =>
  z.strictObject({
    ...Object.fromEntries(
      SETTING_NAMES.map((name) => {
        const schema = schemaOf(DECLARED[name]);
        return [camelCase(name), SEEDS.includes(name) ? schema.refine((value) => value !== RANDOM_SEED) : schema];
      }),
    ),
    loraWeights: z.record(z.string(), loraWeight).optional(),
  });
/** Resolved: a setting without a value is null. One that this program's version added may be absent. */
const settings = settingsOf(({ schema, default: own, isResolved, inDigest }) => {
  const resolved = own === null && !isResolved ? schema.nullable() : schema;
  return inDigest === 'changed' ? resolved.optional() : resolved;
});
const readableSettings = settingsOf(({ schema }) => schema.nullish());
const count = z.int().min(0);
/** Only in rows of `generate`. A queue keeps no latents. */
const generationOf = (refiner: z.ZodType): z.ZodType =>
  z.strictObject({
    mode: z.enum(['base', 'ensemble', 'two-stage']),
    handoff: fraction.schema.nullable(),
    stageInput: z.enum(['latents', 'picture']).nullable(),
    refiner: refiner.nullable(),
    latentsSuffix: z.null(),
    copy: count,
  });

const isObjectUri = (uri: string): boolean => {
  try {
    parseObjectUri(uri);
    return true;
  } catch (thrown) {
    if (isRefineError(thrown)) return false;
    throw thrown;
  }
};
const path = z.string().min(1);
const source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), path }),
  z.strictObject({ kind: z.literal('latents'), path }),
  z.strictObject({ kind: z.literal('url'), url: z.url({ protocol: /^https?$/ }) }),
  z.strictObject({ kind: z.literal('store'), uri: z.string().refine(isObjectUri) }),
  z.strictObject({ kind: z.literal('inline'), text: z.string() }),
  z.strictObject({ kind: z.literal('noise'), width: side.schema.nullable(), height: side.schema.nullable() }),
]);
const shared = {
  index: count,
  rowNumberPerFile: count,
  inputName: z.string(),
  line: count.nullable(),
  id: z.string().nullable(),
  sourceText: z.string().nullable(),
  extra: z.record(z.string(), z.unknown()),
  warnings: z.array(z.string()).optional(),
};
const validRow = z.strictObject({
  ...shared,
  settings,
  generation: generationOf(settings).optional(),
  source,
  fit: z.enum(['pad', 'resize']),
  output: z.string().refine(isOutput),
  encoding: z
    .strictObject({
      format: z.enum(['png', 'jpeg', 'webp', 'avif', 'tiff']),
      quality: z.int().min(1).max(100).nullable(),
      bitDepth: z.union([z.literal(8), z.literal(16)]),
      metadata: z.boolean(),
    })
    .nullable(),
});
const invalidRow = z.strictObject({
  ...shared,
  settings: readableSettings,
  generation: generationOf(readableSettings).optional(),
  source: source.optional(),
  error: z.strictObject({
    code: z.enum(ERROR_CODES as readonly [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
  }),
  problems: z.array(z.string()),
});

/**
 * Checks a row again. Keys that it may not have are a fault too: they would be settings of a newer version, or another's.
 * @returns the row, or what is wrong with it, as `has an invalid "fit"`
 */
export const parseChunkRow = (value: Record<string, unknown>): { row: ChunkRow } | { fault: string } => {
  const isInvalid = 'error' in value;
  const { success, error } = (isInvalid ? invalidRow : validRow).safeParse(value);
  if (!success) {
    const [issue] = error.issues;
    if (issue?.code !== 'unrecognized_keys') return { fault: `has an invalid "${issue?.path.join('.') ?? ''}"` };
    const key = JSON.stringify([...issue.path, ...issue.keys.slice(0, 1)].join('.'));
    return { fault: `has the unknown key ${key}, perhaps of a newer version of the program` };
  }
  if (isInvalid) return { row: value as unknown as InvalidRow };
  const row = value as unknown as Row;
  if ((row.source.kind === 'noise') !== (row.generation !== undefined))
    return { fault: 'has an invalid "source.kind"' };
  const complete = withNewSettings(row.settings);
  const generation = row.generation === undefined ? undefined : withNewRefinerSettings(row.generation);
  const [problem] = generation === undefined ? settingProblems(complete) : generateProblems(complete, generation);
  if (problem !== undefined) return { fault: `has invalid settings: ${messageOf(problem)}` };
  return { row: { ...row, settings: complete, ...(generation === undefined ? {} : { generation }) } };
};

const withNewRefinerSettings = (written: Generation): Generation =>
  written.refiner === null ? written : { ...written, refiner: withNewSettings(written.refiner) };

/** Those that the version of `enqueue` did not have yet. */
const withNewSettings = (written: RefineSettings): RefineSettings => {
  const missing = SETTING_NAMES.filter((name) => !Object.hasOwn(written, camelCase(name)));
  if (missing.length === 0) return written;
  return { ...written, ...Object.fromEntries(missing.map((name) => [camelCase(name), DECLARED[name].default])) };
};
