/** Opens a store by its place. */
import { openFolderStore } from './folder/folder-store.js';
import { isStorePlace, parseStoreUri } from './store-uri.js';
import type { Store } from './store.js';

/**
 * The library for object storage is loaded only for a URI of it.
 * @param place a folder's path, or `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`
 * @throws STORE_URI_INVALID, STORE_LIBRARY_MISSING
 */
export const openStore = async (place: string): Promise<Store> => {
  if (!isStorePlace(place)) return openFolderStore(place);
  const { openObjectStore } = await import('./object/object-store.js');
  return openObjectStore(parseStoreUri(place));
};
