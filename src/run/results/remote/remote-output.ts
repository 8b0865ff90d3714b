/** An output place in object storage: a working folder for the run's own files, and what of them is in the store. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RefineError } from '../../../errors.js';
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
  /**
   * Call once the place is locked: the copies were made before, while another run may have written.
   * @throws OUTPUT_LOCKED if results or state are others now; STORE_*
   */
  expectUnchanged(): Promise<void>;
  /** Uploads the run's state, after it was written to the working folder. @throws STORE_* */
  saveState(): Promise<void>;
}

const RESULTS = /^results(?:-\d+-of-\d+)?\.jsonl$/;

/**
 * Copies an earlier run's results and state to a new working folder.
 * @param folder is created
 * @throws STORE_*, the file system's error, the signal's reason
 */
export const openRemoteOutput = async (
  place: string,
  folder: string,
  part: string,
  signal: AbortSignal,
): Promise<RemoteOutput> => {
  const parsed = parseStoreUri(place);
  const key = parsed.key === '' || parsed.key.endsWith('/') ? parsed.key : `${parsed.key}/`;
  const uri = formatStoreUri({ ...parsed, key });
  const store = await openStore(uri);
  await makeFolder(folder);
  const own = { outputFolder: folder, part };
  const { results, state } = remoteNames(part);
  const expectUnchanged = await watchRemote(store, part);
  /* Runs of other shards there are known by their names. */
  for await (const { name } of store.list('results')) {
    if (RESULTS.test(name) && name !== results) await writeFile(join(folder, name), '', { flag: 'wx' });
  }
  const journal = await openRemoteJournal(store, resultsPathOf(own), part, { signal });
  const path = stateFile(folder, part);
  if (await store.has(state)) {
    await writeFile(path, await store.read(state, { maxBytes: FILE_LIMITS.runState.bytes }));
  }
  return {
    ...{ uri, store, folder, journal },
    shown: (path) => (path.startsWith(folder) ? uri + path.slice(folder.length + 1) : null),
    expectUnchanged,
    saveState: async () => store.write(state, await readFileBytes(path, 'runState')),
  };
};

/** @returns `expectUnchanged`: compares with what is there now */
export const watchRemote = async (store: Store, part: string): Promise<RemoteOutput['expectUnchanged']> => {
  const { results, state, parts } = remoteNames(part);
  const look = async (): Promise<string> => {
    const names: string[] = [];
    for await (const { name } of store.list(parts)) names.push(name);
    return JSON.stringify([await store.stat(results), await store.stat(state), names]);
  };
  const before = await look();
  return async () => {
    if ((await look()) === before) return;
    throw new RefineError(
      'OUTPUT_LOCKED',
      `Expected the results in ${store.shown} to be as this run had read them, but another run wrote there before this one had the lock. Nothing is written; run the command again.`,
      { context: { place: store.shown } },
    );
  };
};
