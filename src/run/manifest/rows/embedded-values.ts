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

/** Keys taken by default, and only together: a negative prompt belongs to its prompt. */
const DEFAULT_KEYS: readonly MetadataKey[] = ['prompt', 'negative_prompt'];

/** Row values from a picture's metadata or sidecar text. */
export interface MetadataValues {
  /** Not validated. `prompt_syntax` is the syntax of its prompts. */
  values: RowValues;
  /** About values that could not be read. */
  warnings: readonly string[];
  /** About single values, given only where the value is taken. */
  notes?: Readonly<Partial<Record<MetadataKey, string>>>;
}

/** Sources of a picture's own values. */
export interface MetadataSources {
  /** Keys that the user chose, each taken if a row lacks it. Absent: prompt and negative prompt, for rows without a prompt. */
  fromMetadata?: readonly MetadataKey[];
  /** Reads a picture file's metadata; empty if there is none or the file cannot be read. */
  readMetadata?: (path: string) => Promise<MetadataValues>;
  /** Parses a sidecar text that is an infotext; null if the text is the prompt. */
  readInfotext?: (text: string) => MetadataValues | null;
}

const isMetadataKey = (name: RowKeyName): name is MetadataKey => METADATA_KEYS.some((key) => key === name);

/**
 * The value of `--from-metadata`: `prompt,seed`, `all`, or `none`.
 * @throws RefineError USAGE_OPTION_INVALID
 */
export const parseMetadataKeys = (text: string): MetadataKey[] => {
  if (text.trim() === 'none') return [];
  if (text.trim() === 'all') return [...METADATA_KEYS];
  return text.split(',').map((part) => {
    const key = rowKeyOf(part.trim().replaceAll('-', '_'));
    if (key !== undefined && isMetadataKey(key)) return key;
    const message = `Expected --from-metadata to be all, none, or some of ${METADATA_KEYS.join(', ')} with commas between, got ${formatValue(part.trim())}`;
    throw new RefineError('USAGE_OPTION_INVALID', message);
  });
};

/** Metadata is untrusted: an invalid value is ignored with a warning. */
const takeValue = (name: MetadataKey, { values: found, notes = {} }: MetadataValues): MetadataValues => {
  const value: unknown = found[name];
  if (value === undefined) return { values: {}, warnings: [] };
  const ignored = (why: string): MetadataValues => ({
    values: {},
    warnings: [`Ignored ${name} of the picture's metadata: ${why}.`],
  });
  if (name === 'scheduler' && !(typeof value === 'string' && findScheduler(value) !== null))
    return ignored(`${formatValue(value)} is not a supported scheduler`);
  // Larger seeds are strings of digits (docs/metadata.md), since a double would round them.
  if ((name === 'seed' || name === 'variation_seed') && typeof value === 'string')
    return ignored(
      `${value} is above ${Number.MAX_SAFE_INTEGER} (2^53-1), the largest supported seed${name === 'seed' ? '' : '; variation_strength is left out with it'}`,
    );
  try {
    const note = notes[name];
    return { values: { [name]: parseValue(name, value) }, warnings: note === undefined ? [] : [note] };
  } catch (error) {
    return ignored(messageOf(error));
  }
};

/** Characters that may be prompt weights in some syntax. */
const WEIGHTS = /[()[\]{}]|[+-]{2}/;

/** A variation needs a seed: the strength is left out, with a warning, if nothing gives one. */
const withoutStrengthAlone = (
  values: RowValues,
  isSaid: boolean,
  isMissing: (name: RowKeyName) => boolean,
  warnings: string[],
): RowValues => {
  const { variation_strength: strength = 0, ...others } = values;
  if (strength === 0 || values.variation_seed !== undefined || !isMissing('variation_seed')) return values;
  if (!isSaid)
    warnings.push(
      `Left out variation_strength ${strength} of the picture's metadata: there is no variation_seed to go with it.`,
    );
  return others;
};

/** Picks the requested keys of the metadata, and the prompts' syntax if the row has none. */
const takeValues = (
  metadata: MetadataValues,
  names: readonly MetadataKey[],
  isMissing: (name: RowKeyName) => boolean,
): MetadataValues => {
  const taken = names.map((name) => takeValue(name, metadata));
  const all = Object.assign({}, ...taken.map((item) => item.values)) as RowValues;
  const warnings = [...metadata.warnings, ...taken.flatMap((item) => item.warnings)];
  const isSaid = names.includes('variation_seed') && metadata.values.variation_seed !== undefined;
  const values = withoutStrengthAlone(all, isSaid, isMissing, warnings);
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

/** Whether `readEmbeddedValues` would look for any. */
export const needsEmbeddedValues = (
  isMissing: (name: RowKeyName) => boolean,
  { fromMetadata = [] }: MetadataSources,
): boolean => isMissing('prompt') || fromMetadata.some(isMissing);

/**
 * Reads only for missing values, and opens the picture only for values that its sidecar lacks.
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
  const infotext = sidecar === null ? null : (readInfotext?.(sidecar) ?? null);
  const hasPrompt = sidecar !== null && (infotext === null || infotext.values.prompt !== undefined);
  const lacksPrompt = isMissing('prompt') && !hasPrompt;
  const chosen = (fromMetadata ?? (lacksPrompt ? DEFAULT_KEYS : [])).filter(isMissing);
  // The infotext's negative prompt belongs to its prompt, even if it was not chosen.
  const beside =
    infotext === null
      ? { values: sidecar === null ? {} : { prompt: sidecar }, warnings: [] }
      : takeValues(infotext, [...new Set([...DEFAULT_KEYS.filter(isMissing), ...chosen])], isMissing);
  const fromSidecar: MetadataValues = {
    ...beside,
    warnings: [...beside.warnings, ...emptyWarnings(beside.values, 'the text file beside the picture has no prompt')],
  };
  const wanted = chosen.filter((name) => !(name in fromSidecar.values));
  if (wanted.length === 0 || readMetadata === undefined) return fromSidecar;
  const isStillMissing = (name: RowKeyName): boolean => isMissing(name) && !(name in fromSidecar.values);
  const fromPicture = takeValues(await readMetadata(path), wanted, isStillMissing);
  return {
    values: { ...fromPicture.values, ...fromSidecar.values },
    warnings: [
      ...fromSidecar.warnings,
      ...fromPicture.warnings,
      ...emptyWarnings(fromPicture.values, "the picture's metadata has an empty prompt"),
    ],
  };
};
