/** Copies the results of runs in object storage to a working folder, to be merged there. */
import { appendFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { exists } from '../../../io/files/exists.js';
import { FILE_LIMITS } from '../../../io/files/file-limits.js';
import { makeFolder } from '../../../io/files/make-folder.js';
import { openStore } from '../../../io/store/open-store.js';
import { formatStoreUri, parseStoreUri } from '../../../io/store/store-uri.js';
import type { Store } from '../../../io/store/store.js';
import { openRemoteJournal } from '../remote/remote-journal.js';
import { remoteNames } from '../remote/remote-names.js';
import { stateFile } from '../run-state.js';
import { chooseResults, resultFileOf, type ResultFile } from './result-file.js';

/** `results.jsonl`, `results-1-of-4.jsonl`; group: the part. */
const OF_RUN = /^results(-\d+-of-\d+)?\.jsonl$/;
const STATE = /^\.sdxl-refine\/run(-\d+-of-\d+)?\.json$/;

/**
 * @param uri of a results file, or of the output place of runs
 * @param folder is created
 * @returns files in the folder; none if there are no results at that place
 * @throws STORE_*, the file system's error, the signal's reason
 */
export const copyRemoteResults = async (uri: string, folder: string, signal: AbortSignal): Promise<ResultFile[]> => {
  const place = parseStoreUri(uri);
  const isFile = place.key.endsWith('.jsonl');
  const name = basename(place.key);
  const parent = isFile ? place.key.slice(0, -name.length) : `${place.key.replace(/\/+$/, '')}/`.replace(/^\/$/, '');
  const shown = formatStoreUri({ ...place, key: parent });
  const store = await openStore(shown);
  const names = isFile ? [name] : chooseResults(await namesIn(store));
  await makeFolder(folder);
  const files: ResultFile[] = [];
  for (const one of names) {
    const path = join(folder, one);
    if (await copyResults(store, one, { path, folder, signal })) files.push(resultFileOf(path, shown + one));
  }
  return files;
};

/** Results at a place, including those of runs that have no results file yet, but a state. */
const namesIn = async (store: Store): Promise<string[]> => {
  const names = new Set<string>();
  const add = async (prefix: string): Promise<void> => {
    for await (const { name } of store.list(prefix)) names.add(name);
  };
  await add('results');
  for await (const { name } of store.list('.sdxl-refine/run')) {
    const [isState, part = ''] = STATE.exec(name) ?? [];
    if (isState !== undefined) names.add(remoteNames(part).results);
  }
  /* Only then: a place with results may have a million pictures. */
  if (names.size === 0) for (const digit of '0123456789') await add(digit);
  return [...names];
};

/** With the parts of the journal that follow the results, and the state of the run. @returns false if there is none of them */
const copyResults = async (
  store: Store,
  name: string,
  { path, folder, signal }: { path: string; folder: string; signal: AbortSignal },
): Promise<boolean> => {
  const [isOfRun, part = ''] = OF_RUN.exec(name) ?? [];
  if (isOfRun === undefined) {
    await writeFile(path, '', { flag: 'wx' });
    for await (const chunk of store.stream(name, { signal })) await appendFile(path, chunk);
    return true;
  }
  await openRemoteJournal(store, path, part, { signal });
  const isThere = await exists(path);
  /* Without a line, the run has not made the file. */
  await appendFile(path, '');
  const { state } = remoteNames(part);
  if (!(await store.has(state))) return isThere;
  await writeFile(stateFile(folder, part), await store.read(state, { maxBytes: FILE_LIMITS.runState.bytes }));
  return true;
};
