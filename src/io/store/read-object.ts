/** Objects by their whole URI. Connections to the buckets that were used last are kept. */
import { sha256Of } from '../files/hash-file.js';
import { readChunks } from '../files/open-file.js';
import { openStore } from './open-store.js';
import { checkObjectName, formatStoreUri, parseStoreUri, type StorePlace } from './store-uri.js';
import type { ReadOptions, Store } from './store.js';

/** A manifest may name a bucket in every row, and each has connections of its own. */
const MOST_BUCKETS = 32;

/** By place, the one used last at the end. */
const buckets = new Map<string, Promise<Store>>();

/** The store of a place's whole bucket. @throws STORE_LIBRARY_MISSING, STORE_DENIED */
export const bucketOf = ({ scheme, bucket }: StorePlace): Promise<Store> => {
  const place = formatStoreUri({ scheme, bucket, key: '' });
  const opened = buckets.get(place) ?? openStore(place);
  buckets.delete(place);
  buckets.set(place, opened);
  const [oldest] = buckets.keys();
  if (buckets.size > MOST_BUCKETS && oldest !== undefined) buckets.delete(oldest);
  opened.catch(() => {
    if (buckets.get(place) === opened) buckets.delete(place);
  });
  return opened;
};

/** @throws as `parseStoreUri`, and STORE_URI_INVALID if the URI names no object */
export const parseObjectUri = (uri: string): StorePlace => {
  const place = parseStoreUri(uri);
  checkObjectName(place.key);
  return place;
};

/** @throws STORE_* */
export const readObject = async (uri: string, options: ReadOptions): Promise<Uint8Array> => {
  const place = parseObjectUri(uri);
  return (await bucketOf(place)).read(place.key, options);
};

/** Replaces an object by a file. @throws STORE_*, the file system's error */
export const uploadObject = async (uri: string, path: string): Promise<void> => {
  const place = parseObjectUri(uri);
  const store = await bucketOf(place);
  await store.writeFile(place.key, path, await sha256Of(readChunks(path, 'output')));
};
