/** What a picture says about itself, for rows that don't: the text beside it, and what its generator wrote into it. */
import { RefineError } from '../errors.js';
import { findScheduler } from '../schedulers/registry.js';
import { parseValue } from './parse-value.js';
import { readSidecar } from './read-sidecar.js';
import { rowKeyOf, type RowKeyName, type RowValues } from './row-keys.js';
import { showValue } from './show-value.js';

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

/** Where pictures' own values come from. */
export interface OwnValueSources {
  /** Keys that the user chose, each taken wherever a row lacks it. None chosen: prompt and negative prompt, of rows without a prompt. */
  fromMetadata?: readonly MetadataKey[];
  /** What a picture file's metadata says; `{}` when there is none or the file can't be read. Values need not be valid. */
  readFacts?: (path: string) => Promise<RowValues>;
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
    const message = `Expected --from-metadata to be none, or some of ${METADATA_KEYS.join(', ')} with commas between, got ${showValue(part.trim())}`;
    throw new RefineError('USAGE_OPTION_INVALID', message);
  });
};

/** Metadata is anybody's text: what a key doesn't take is as if it weren't there. */
const readFact = (name: MetadataKey, value: unknown): RowValues => {
  if (value === undefined || (name === 'scheduler' && !(typeof value === 'string' && findScheduler(value) !== null)))
    return {};
  try {
    return { [name]: parseValue(name, value) };
  } catch {
    return {};
  }
};

/**
 * Looks only where something is missing, and opens the picture only for what its sidecar can't say.
 *
 * @param path of the picture
 * @param isMissing whether neither the row nor an option gives this key
 * @throws RefineError ROW_FIELD_INVALID (the sidecar), and what `readFacts` throws
 */
export const readOwnValues = async (
  path: string,
  isMissing: (name: RowKeyName) => boolean,
  { fromMetadata, readFacts }: OwnValueSources,
): Promise<RowValues> => {
  const prompt = isMissing('prompt') ? await readSidecar(path) : null;
  const own: RowValues = prompt === null ? {} : { prompt };
  const lacksPrompt = isMissing('prompt') && prompt === null;
  const chosen = fromMetadata ?? (lacksPrompt ? DEFAULT_KEYS : []);
  const wanted = chosen.filter((name) => isMissing(name) && !(name in own));
  if (wanted.length === 0 || readFacts === undefined) return own;
  const facts = await readFacts(path);
  return Object.assign(own, ...wanted.map((name) => readFact(name, facts[name]))) as RowValues;
};
