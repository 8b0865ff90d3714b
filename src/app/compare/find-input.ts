/** Finds the input picture of a result. */
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRefineError, messageOf } from '../../errors.js';
import { formatStoreUri, isStoreUri, parseStoreUri } from '../../io/store/store-uri.js';
import type { EncodedSource } from '../../media/image/read-source.js';
import { checkPictureFile } from '../../media/image/read-file.js';

/** The picture, or a note for the page why it cannot be shown. */
export type FoundInput = { source: EncodedSource } | { note: string };

export interface FindOptions {
  /** Absolute folders in which relative paths are looked up, in order. */
  folders: readonly string[];
  /** Absolute path of the row's output, which often has its input's name and must not be mistaken for it; null: no output. */
  output: string | null;
  /** Whether a picture on the web may be fetched. */
  fetch: boolean;
  /** URIs of object storage, with slashes at their ends: objects under them may be read, and relative names are looked up there. */
  stores: readonly string[];
}

/** @param image as in `results.jsonl`: the row's text, or the beginning of an inline picture */
export const findInput = async (
  image: string | null,
  { folders, output, fetch, stores }: FindOptions,
): Promise<FoundInput> => {
  if (image === null) return { note: 'The row has no input picture.' };
  if (/^data:|… \(\d+ characters\)$/i.test(image)) {
    return { note: 'The input was embedded in the row; results keep only its beginning.' };
  }
  if (/^https?:\/\//i.test(image)) {
    return fetch ? { source: { kind: 'url', url: image } } : { note: 'The input is a URL; --fetch downloads it.' };
  }
  if (isStoreUri(image)) {
    /* Results may be another's: they do not choose what this user's credentials read. */
    return fetch || stores.some((place) => image.startsWith(bucketPrefix(place)))
      ? { source: { kind: 'store', uri: image } }
      : { note: 'The input is in another place of object storage; --fetch reads it.' };
  }
  if (/\.(?:safetensors|npy)$/i.test(image)) return { note: 'The input is latents, not a picture.' };
  const found = await findFile(image, folders, output);
  const [store] = stores;
  return 'note' in found && store !== undefined && !isAbsolute(image)
    ? { source: { kind: 'store', uri: store + image } }
    : found;
};

/** `s3://bucket/` of a URI. */
const bucketPrefix = (uri: string): string => formatStoreUri({ ...parseStoreUri(uri), key: '' });

const findFile = async (image: string, folders: readonly string[], output: string | null): Promise<FoundInput> => {
  let note = `${image} was not found. --inputs names the manifest’s folder.`;
  for (const path of candidates(image, folders).filter((candidate) => candidate !== output)) {
    try {
      await checkPictureFile(path);
      return { source: { kind: 'file', path } };
    } catch (thrown) {
      if (!isRefineError(thrown) || thrown.code !== 'IMAGE_NOT_FOUND') note = messageOf(thrown);
    }
  }
  return { note };
};

/** Paths at which a picture may be. @param image as in `results.jsonl`; null: no input picture */
export const placesOf = (image: string | null, folders: readonly string[]): readonly string[] =>
  image === null || /^(?:data:|[a-z][a-z\d+.-]+:\/\/)(?<!^file:\/\/)|… \(\d+ characters\)$/i.test(image)
    ? []
    : candidates(image, folders);

const candidates = (image: string, folders: readonly string[]): readonly string[] => {
  if (image.includes('\0')) return [];
  if (!/^file:\/\//i.test(image)) return [...new Set(folders.map((folder) => resolve(folder, image)))];
  try {
    return [fileURLToPath(image)];
  } catch {
    return [];
  }
};
