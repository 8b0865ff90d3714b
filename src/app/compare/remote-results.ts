/** The results of a run in object storage, for a page. */
import { join } from 'node:path';
import { RefineError } from '../../errors.js';
import { makeFolder } from '../../io/files/make-folder.js';
import { exists } from '../../io/files/exists.js';
import { openStore } from '../../io/store/open-store.js';
import { bucketOf, parseObjectUri, uploadObject } from '../../io/store/read-object.js';
import { formatStoreUri, parseStoreUri } from '../../io/store/store-uri.js';
import { openRemoteJournal } from '../../run/results/remote/remote-journal.js';
import type { FoundResults } from './find-results.js';

export interface RemoteResults extends FoundResults {
  /** Where the outputs are, with a slash at its end. */
  uri: string;
}

const RESULTS = /^results(-\d+-of-\d+)?\.jsonl$/;

/**
 * Copies the results; of a run that goes on or was stopped, with the parts of its journal.
 * @param place URI of an output place, or of results in it
 * @param folder temporary, for the copies
 * @throws MANIFEST_UNREADABLE if there are none, STORE_*
 */
export const copyRemoteResults = async (place: string, folder: string): Promise<RemoteResults> => {
  const parsed = parseStoreUri(place);
  const name = parsed.key.slice(parsed.key.lastIndexOf('/') + 1);
  const isFile = name.endsWith('.jsonl');
  const key = isFile ? parsed.key.slice(0, parsed.key.length - name.length) : parsed.key.replace(/\/?$/, '/');
  const uri = formatStoreUri({ ...parsed, key: key === '/' ? '' : key });
  const store = await openStore(uri);
  const listed = new Set<string>();
  for await (const object of store.list('results')) if (RESULTS.test(object.name)) listed.add(object.name);
  const part = RESULTS.exec(name)?.[1] ?? '';
  const names = isFile || listed.size === 0 || listed.has('results.jsonl') ? [`results${part}.jsonl`] : [...listed];
  const files: string[] = [];
  await makeFolder(folder);
  for (const one of names) {
    const path = join(folder, one);
    await openRemoteJournal(store, path, RESULTS.exec(one)?.[1] ?? '');
    if (await exists(path)) files.push(path);
  }
  if (files.length > 0) return { uri, files, missing: [] };
  throw new RefineError(
    'MANIFEST_UNREADABLE',
    `Expected the results of a run at ${uri}, found none. Give its --output-dir, or its results.jsonl.`,
    { context: { place: uri } },
  );
};

/** Names that are pages and sheets: others may be a run's pictures. */
const REPLACED = /(?:^|\/)(?:compare\.html|contact-sheet\.png)$/;

/** Uploads a page or a sheet to the URI of an object. @throws OUTPUT_EXISTS for an object of another name, STORE_* */
export const uploadFile = async (path: string, uri: string): Promise<void> => {
  const place = parseObjectUri(uri);
  const bucket = await bucketOf(place);
  if (!REPLACED.test(place.key) && (await bucket.has(place.key))) {
    throw new RefineError(
      'OUTPUT_EXISTS',
      `Expected no object at ${uri}, found one; only compare.html and contact-sheet.png are replaced there. Choose another name.`,
      { context: { place: uri } },
    );
  }
  await uploadObject(uri, path);
};
