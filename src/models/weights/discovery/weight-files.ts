/** Chooses the weight files of a component: plain or a variant, one file or shards. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, RefineError } from '../../../errors.js';
import { isObject } from '../../../io/json/parse-json.js';
import { formatValue } from '../safetensors/format-value.js';
import { readJsonObject } from './read-json.js';

export interface WeightFiles {
  /** Paths inside the folder, links not yet followed. */
  weightFiles: readonly string[];
  /** `fp16` of `model.fp16.safetensors`; null: plain. */
  variant: string | null;
}

/** One copy of the weights, complete or not. */
interface Copy extends WeightFiles {
  /** The weights, or the index of their shards. */
  entry: string;
  missing: readonly string[];
}

/** In a shard's name: `model-00001-of-00002`, `model.fp16-00001-of-00002` or `model-00001-of-00002.fp16`. */
const SHARD_NUMBER = /-\d{5}-of-\d{5}/;
/** A shard's file name: no path separators, no control characters. */
const SHARD_NAME = /^[\w.-]+\.safetensors$/;
const PICKLED = /\.(bin|ckpt|pt|pth)$/;

/**
 * Chooses one copy. Without `variant`: the plain one if it is complete, as in diffusers; else the only variant. With `variant`: that
 * variant if the component has it, else as without (diffusers mixes too: `variant_compatible_siblings` in pipeline_loading_utils.py).
 * @param stem `diffusion_pytorch_model` (UNet, VAE) or `model` (text encoders)
 * @throws WEIGHTS_FILE_MISSING, MODEL_CONFIG_INVALID
 */
export const chooseWeightFiles = async (folder: string, stem: string, variant?: string): Promise<WeightFiles> => {
  const names = await readdir(folder).catch((cause: unknown) => {
    const message = `Cannot read the folder ${folder}: ${messageOf(cause)}.`;
    throw new RefineError('WEIGHTS_FILE_MISSING', message, { context: { folder }, cause });
  });
  const copies = await findCopies(folder, stem, names);
  const requested = copies.filter((copy) => copy.variant === variant);
  const candidates = requested.length > 0 ? requested : copies;
  const complete = candidates.filter(({ missing }) => missing.length === 0);
  const [chosen] = complete;
  if (chosen === undefined) {
    throw candidates[0] === undefined ? noWeights(folder, stem, names) : incomplete(folder, candidates[0]);
  }
  const variants = new Set(complete.map((copy) => copy.variant));
  if (chosen.variant !== null && variants.size > 1) throw ambiguous(folder, [...variants]);
  return { weightFiles: chosen.weightFiles, variant: chosen.variant };
};

/** Plain copies first, and shards before a single file, as diffusers prefers. */
const findCopies = async (folder: string, stem: string, names: readonly string[]): Promise<Copy[]> => {
  const present = new Set(names);
  const copies: Copy[] = [];
  for (const entry of [...names].sort()) {
    const variant = parseVariant(entry, stem);
    if (variant === undefined) continue;
    const files = isIndex(entry) ? await readShardNames(join(folder, entry)) : [entry];
    const missing = files.filter((name) => !present.has(name));
    copies.push({ variant, entry, missing, weightFiles: files.map((name) => join(folder, name)) });
  }
  const rank = ({ variant, entry }: Copy): number => (variant === null ? 0 : 2) + (isIndex(entry) ? 0 : 1);
  return copies.sort((a, b) => rank(a) - rank(b));
};

const isIndex = (name: string): boolean => name.endsWith('.json');

/**
 * The variant in the name of a weight file or index; null: plain; undefined: another file.
 * An index is `X.safetensors.index.fp16.json` (transformers and diffusers), `X.safetensors.fp16.index.json` (diffusers
 * earlier: `_fetch_index_file_legacy` in model_loading_utils.py) or `X.fp16.safetensors.index.json` (by hand).
 */
const parseVariant = (name: string, stem: string): string | null | undefined => {
  const [first, ...rest] = name.split('.');
  const variants = rest.filter((part) => !['safetensors', 'index', 'json'].includes(part));
  const last = rest.at(-1);
  const isWeights =
    last === 'safetensors' || (last === 'json' && rest.includes('index') && rest.includes('safetensors'));
  if (first !== stem || !isWeights || variants.length > 1 || SHARD_NUMBER.test(name)) return undefined;
  return variants[0] ?? null;
};

/** Distinct file names of an index's `weight_map`, sorted. They are untrusted: only names in the same folder are accepted. */
const readShardNames = async (indexFile: string): Promise<string[]> => {
  const { weight_map: weightMap } = await readJsonObject(indexFile, 'weightIndex');
  const values = isObject(weightMap) ? Object.values(weightMap) : [];
  const names = [...new Set(values)];
  if (names.length === 0) throw invalidIndex(indexFile, 'has no "weight_map" from tensor names to files');
  const shards = names.map((name) => {
    if (typeof name === 'string' && SHARD_NAME.test(name)) return name;
    throw invalidIndex(indexFile, `names the shard ${formatValue(name)}, not a .safetensors file in the same folder`);
  });
  return shards.sort();
};

const invalidIndex = (file: string, what: string): RefineError =>
  new RefineError('MODEL_CONFIG_INVALID', `${file} ${what}. Download it again.`, { context: { file } });

/** Maximum number of names in an error. */
const MAX_LISTED = 20;

const incomplete = (folder: string, { entry, missing }: Copy): RefineError => {
  const more = missing.length > 1 ? `, and ${missing.length - 1} more` : '';
  const message =
    `${join(folder, missing[0] ?? '')} is missing${more}; ${entry} refers to it. ` +
    'Download the model again, or the missing files.';
  return new RefineError('WEIGHTS_FILE_MISSING', message, {
    context: { folder, missing: missing.slice(0, MAX_LISTED) },
  });
};

const ambiguous = (folder: string, variants: readonly (string | null)[]): RefineError => {
  const message = `${folder} has weights in the variants ${variants.slice(0, MAX_LISTED).join(', ')}, and no plain ones. Keep the files of one.`;
  return new RefineError('WEIGHTS_FILE_MISSING', message, { context: { folder } });
};

const noWeights = (folder: string, stem: string, names: readonly string[]): RefineError => {
  const candidates = `${stem}.safetensors, ${stem}.<variant>.safetensors and ${stem}.safetensors.index.json`;
  const pickled = names.filter((name) => PICKLED.test(name));
  const mend =
    pickled.length > 0
      ? `It has ${pickled.slice(0, MAX_LISTED).join(', ')}, but reading such a file can run any code in it, so only safetensors are read. ` +
        'Load the model in diffusers and save it with save_pretrained(folder, safe_serialization=True).'
      : 'Download the model again, with its .safetensors files.';
  return new RefineError('WEIGHTS_FILE_MISSING', `No weights in ${folder}: looked for ${candidates}. ${mend}`, {
    context: { folder },
  });
};
