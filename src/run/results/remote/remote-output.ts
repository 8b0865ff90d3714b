/** An output place in object storage: a working folder for the run's own files, and what of them is in the store. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_LIMITS } from '../../../io/files/file-limits.js';
import { makeFolder } from '../../../io/files/make-folder.js';
import { readFileBytes } from '../../../io/files/open-file.js';
import { openStore } from '../../../io/store/open-store.js';
import { formatStoreUri, parseStoreUri } from '../../../io/store/store-uri.js';
import type { Store } from '../../../io/store/store.js';
import { resultsPathOf } from '../results-path.js';
import { stateFile } from '../run-state.js';
import { remoteNames } from './remote-names.js';
import { openRemoteJournal, type RemoteJournal } from './remote-journal.js';

export interface RemoteOutput {
  /** With a slash at its end. */
  uri: string;
  store: Store;
  /** Working folder of this machine; it has no pictures. */
  folder: string;
  journal: RemoteJournal;
  /** The place in the store of a path in the working folder, for messages; null for another path. */
  shown(path: string): string | null;
  /** Uploads the run's state, after it was written to the working folder. @throws STORE_* */
  saveState(): Promise<void>;
}

const RESULTS = /^results(?:-\d+-of-\d+)?\.jsonl$/;

/**
 * Copies an earlier run's results and state to a new working folder.
 * @param folder is created
 * @throws STORE_*, the file system's error
 */
export const openRemoteOutput = async (place: string, folder: string, part: string): Promise<RemoteOutput> => {
  const parsed = parseStoreUri(place);
  const key = parsed.key === '' || parsed.key.endsWith('/') ? parsed.key : `${parsed.key}/`;
  const uri = formatStoreUri({ ...parsed, key });
  const store = await openStore(uri);
  await makeFolder(folder);
  const own = { outputFolder: folder, part };
  const { results, state } = remoteNames(part);
  /* Runs of other shards there are known by their names. */
  for await (const { name } of store.list('results')) {
    if (RESULTS.test(name) && name !== results) await writeFile(join(folder, name), '', { flag: 'wx' });
  }
  const journal = await openRemoteJournal(store, resultsPathOf(own), part);
  const path = stateFile(folder, part);
  if ((await store.stat(state)) !== null) {
    await writeFile(path, await store.read(state, { maxBytes: FILE_LIMITS.runState.bytes }));
  }
  return {
    ...{ uri, store, folder, journal },
    shown: (path) => (path.startsWith(folder) ? uri + path.slice(folder.length + 1) : null),
    saveState: async () => store.write(state, await readFileBytes(path, 'runState')),
  };
};
