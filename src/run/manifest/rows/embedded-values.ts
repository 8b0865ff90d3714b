/** Fills missing row values from a picture's sidecar text and embedded metadata. */
import { messageOf, RefineError } from '../../../errors.js';
import { findScheduler } from '../../../diffusion/schedulers/registry.js';
import { parseValue } from './parse-value.js';
import { readSidecar } from '../formats/read-sidecar.js';
import { rowKeyOf, type RowKeyName, type RowValues } from './row-keys.js';
import { formatValue } from './format-value.js';

/** Keys that pictures' metadata can give. */
export const METADATA_KEYS = [
  'prompt',
  'negative_prompt',
  'seed',
  'steps',
  'scheduler',
  'guidance_scale',
  'original_size',
  'rng',
  'variation_seed',
  'variation_strength',
  'eta_noise_seed_delta',
  'vae_sample',
] as const satisfies readonly RowKeyName[];

export type MetadataKey = (typeof METADATA_KEYS)[number];

/** Taken when the user doesn't choose, and only together: a negative prompt belongs to its prompt. */
const DEFAULT_KEYS: readonly MetadataKey[] = ['prompt', 'negative_prompt'];

/** Row values from a picture's metadata or sidecar text. */
export interface MetadataValues {
  /** Need not be valid. `prompt_syntax` is how its prompts are meant to be read. */
  values: RowValues;
  /** What could not be read of it. */
  warnings: readonly string[];
}

/** Sources of a picture's own values. */
export interface MetadataSources {
  /** Keys that the user chose, each taken wherever a row lacks it. None chosen: prompt and negative prompt, of rows without a prompt. */
  fromMetadata?: readonly MetadataKey[];
  /** What a picture file's metadata says; nothing when there is none or the file can't be read. */
  readMetadata?: (path: string) => Promise<MetadataValues>;
  /** The text beside a picture, where it says what made the picture; null: it is the prompt. */
  readInfotext?: (text: string) => MetadataValues | null;
}

const isMetadataKey = (name: RowKeyName): name is MetadataKey => METADATA_KEYS.some((key) => key === name);

/**
 * The value of `--from-metadata`: `prompt,seed`, or `none`.
 * @throws RefineError USAGE_OPTION_INVALID
 */
export const parseMetadataKeys = (text: string): MetadataKey[] => {
  if (text.trim() === 'none') return [];
  return text.split(',').map((part) => {
    const key = rowKeyOf(part.trim().replaceAll('-', '_'));
    if (key !== undefined && isMetadataKey(key)) return key;
    const message = `Expected --from-metadata to be none, or some of ${METADATA_KEYS.join(', ')} with commas between, got ${formatValue(part.trim())}`;
    throw new RefineError('USAGE_OPTION_INVALID', message);
  });
};

/** Metadata is untrusted: an invalid value is ignored with a warning. */
const takeValue = (name: MetadataKey, value: unknown): MetadataValues => {
  if (value === undefined) return { values: {}, warnings: [] };
  const leftOut = (why: string): MetadataValues => ({
    values: {},
    warnings: [`Ignored ${name} of the picture's metadata: ${why}.`],
  });
  if (name === 'scheduler' && !(typeof value === 'string' && findScheduler(value) !== null))
    return leftOut(`${formatValue(value)} is not a supported scheduler`);
  // Larger ones come as digits (docs/metadata.md): a double would change them.
  if (name === 'seed' && typeof value === 'string')
    return leftOut(`${value} is above ${Number.MAX_SAFE_INTEGER} (2^53-1), the largest supported seed`);
  try {
    return { values: { [name]: parseValue(name, value) }, warnings: [] };
  } catch (error) {
    return leftOut(messageOf(error));
  }
};

/** Characters that may be weights in a syntax. */
const WEIGHTS = /[()[\]{}]|[+-]{2}/;

/** Picks the requested keys of the metadata, and the prompts' syntax if the row has none. */
const takeValues = (
  metadata: MetadataValues,
  names: readonly MetadataKey[],
  isMissing: (name: RowKeyName) => boolean,
): MetadataValues => {
  const taken = names.map((name) => takeValue(name, metadata.values[name]));
  const values = Object.assign({}, ...taken.map((one) => one.values)) as RowValues;
  const warnings = [...metadata.warnings, ...taken.flatMap((one) => one.warnings)];
  const { prompt_syntax: syntax } = metadata.values;
  if (!isMissing('prompt_syntax') || syntax === undefined) return { values, warnings };
  if (values.prompt !== undefined) return { values: { ...values, prompt_syntax: syntax }, warnings };
  if (syntax !== 'plain' && WEIGHTS.test(values.negative_prompt ?? ''))
    warnings.push(
      `The picture's negative prompt has prompt_syntax ${syntax}, but is read with the row's prompt_syntax.`,
    );
  return { values, warnings };
};

/** An empty prompt is valid, but gets a warning. */
const emptyWarnings = ({ prompt }: RowValues, where: string): string[] =>
  prompt?.trim() === '' ? [`The prompt is empty: ${where}.`] : [];

/**
 * Looks only where something is missing, and opens the picture only for what the text beside it can't say.
 *
 * @param path of the picture
 * @param isMissing whether neither the row nor an option gives this key
 * @throws RefineError ROW_FIELD_INVALID (the sidecar), and what `readMetadata` throws
 */
export const readEmbeddedValues = async (
  path: string,
  isMissing: (name: RowKeyName) => boolean,
  { fromMetadata, readMetadata, readInfotext }: MetadataSources,
): Promise<MetadataValues> => {
  const sidecar = isMissing('prompt') ? await readSidecar(path) : null;
  const lacksPrompt = isMissing('prompt') && sidecar === null;
  const chosen = (fromMetadata ?? (lacksPrompt ? DEFAULT_KEYS : [])).filter(isMissing);
  const infotext = sidecar === null ? null : (readInfotext?.(sidecar) ?? null);
  // Its negative prompt belongs to its prompt, whatever is chosen.
  const beside =
    infotext === null
      ? { values: sidecar === null ? {} : { prompt: sidecar }, warnings: [] }
      : takeValues(infotext, [...new Set([...DEFAULT_KEYS.filter(isMissing), ...chosen])], isMissing);
  const own: MetadataValues = {
    ...beside,
    warnings: [...beside.warnings, ...emptyWarnings(beside.values, 'the text file beside the picture has no prompt')],
  };
  const wanted = chosen.filter((name) => !(name in own.values));
  if (wanted.length === 0 || readMetadata === undefined) return own;
  const inside = takeValues(await readMetadata(path), wanted, isMissing);
  return {
    values: { ...inside.values, ...own.values },
    warnings: [
      ...own.warnings,
      ...inside.warnings,
      ...emptyWarnings(inside.values, "the picture's metadata has an empty prompt"),
    ],
  };
};
