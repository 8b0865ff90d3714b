/** Object storage as a store. */
import { RefineError } from '../../../errors.js';
import type { StorePlace } from '../store-uri.js';
import { formatStoreUri } from '../store-uri.js';
import type { Store } from '../store.js';

/** @throws STORE_LIBRARY_MISSING */
export const openObjectStore = (place: StorePlace): Promise<Store> =>
  Promise.reject(
    new RefineError('STORE_LIBRARY_MISSING', `Expected a folder, found ${formatStoreUri(place)}. Give a folder.`),
  );
