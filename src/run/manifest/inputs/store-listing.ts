/** Pictures in object storage as rows, and names of objects in rows. Opens no object. */
import { createInterface } from 'node:readline/promises';
import { messageOf, RefineError } from '../../../errors.js';
import { openFile } from '../../../io/files/open-file.js';
import { formatStoreUri, isStoreUri, parseStoreUri } from '../../../io/store/store-uri.js';
import type { RawRow } from '../formats/raw-row.js';
import { withoutExtension } from '../rows/output-name.js';
import { isPicture } from './picture-extensions.js';

/** Pictures in object storage. Their names are in a file, so that memory does not grow, and each reading has the same ones. */
export interface StoreListing {
  kind: 'listing';
  /** The input's name in results. */
  name: string;
  /** URI, with a slash at its end. */
  folder: string;
  /** File of names relative to `folder`, one a line, in the store's order. */
  path: string;
}

/** One row for each name of a listing. */
export async function* readStoreListing({ folder, path }: StoreListing): AsyncGenerator<RawRow> {
  const handle = await openFile(path, 'manifest');
  try {
    for await (const name of createInterface({
      input: handle.createReadStream({ autoClose: false }),
      crlfDelay: Infinity,
    })) {
      yield { line: null, known: [['image', folder + name]], extra: {}, ownName: withoutExtension(name) };
    }
  } finally {
    await handle.close();
  }
}

/** The URI of a row's relative name in a manifest of object storage. @throws ROW_FIELD_INVALID */
export const resolveStoreName = (key: string, name: string, folder: string): string => {
  const uri = isStoreUri(name) ? name : `${folder}/${name.replace(/^(?:\.\/)+/, '')}`;
  try {
    const place = parseStoreUri(uri);
    if (place.key === '' || place.key.endsWith('/')) throw new Error(`Expected the name of an object, found ${uri}.`);
    return formatStoreUri(place);
  } catch (thrown) {
    throw new RefineError('ROW_FIELD_INVALID', `Expected ${key} to name an object of a store. ${messageOf(thrown)}`);
  }
};

/** Places of inputs in object storage, as results of runs are compared by. */
export const storePlaceOf = (uri: string): string => {
  const shown = formatStoreUri(parseStoreUri(uri)).replace(/\/+$/, '');
  return isPicture(shown) ? shown.slice(0, shown.lastIndexOf('/')) : shown;
};
