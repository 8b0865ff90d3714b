/** The place of a file that a command writes, as its option names it. */
import { resolve } from 'node:path';
import { parseObjectUri } from '../../../io/store/read-object.js';
import { formatStoreUri, isStorePlace } from '../../../io/store/store-uri.js';

/** An absolute path, or a URI of object storage. @throws STORE_URI_INVALID */
export const outputPlace = (path: string | undefined, cwd: string): string | null => {
  if (path === undefined) return null;
  return isStorePlace(path) ? formatStoreUri(parseObjectUri(path)) : resolve(cwd, path);
};
