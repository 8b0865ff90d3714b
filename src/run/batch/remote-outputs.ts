/** The outputs of rows in object storage. */
import { isRefineError, listSome, RefineError } from '../../errors.js';
import type { Store } from '../../io/store/store.js';
import { writeOnce } from '../../io/store/write-once.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { createNameSet, type NameSet } from '../results/listed-outputs.js';
import { outputsOf } from './check-outputs.js';
import { isOutput } from '../manifest/rows/output-name.js';
import type { Replaceable } from './replaceable.js';

type Rows = AsyncIterable<Row | InvalidRow>;

export interface RemoteOutputs {
  /** Under the output's URI. */
  store: Store;
  /** With a slash at its end. */
  uri: string;
  /** Names under the URI that rows read. */
  inputs: Pick<NameSet, 'has'>;
}

/** Names listed in the message; the others are counted. */
const NAMED = 3;

/** Memory: some bytes per object there. @throws OUTPUT_EXISTS for rows whose outputs are there, STORE_* */
export const refuseExistingObjects = async (store: Store, rows: () => Rows, signal: AbortSignal): Promise<void> => {
  const there = createNameSet();
  let isEmpty = true;
  for await (const { name } of store.list('')) {
    signal.throwIfAborted();
    if (name.startsWith('.sdxl-refine/')) continue;
    there.add(name);
    isEmpty = false;
  }
  if (isEmpty) return;
  const existing: string[] = [];
  let count = 0;
  for await (const row of rows()) {
    if ('error' in row) continue;
    for (const name of outputsOf(row)) if (there.has(name) && count++ < NAMED) existing.push(name);
  }
  if (count === 0) return;
  throw new RefineError(
    'OUTPUT_EXISTS',
    `Expected no such objects, found ${listSome(existing, NAMED, count)} in ${store.shown}. Give --resume to continue that run, --append to add rows to it, --overwrite to replace ${count === 1 ? 'the object' : 'the objects'}, or choose another --output-dir.`,
    { context: { place: store.shown, count } },
  );
};

/** The names under an output's URI that rows read. Memory: some bytes per name. */
export const findInputObjects = async (uri: string, rows: Rows): Promise<NameSet> => {
  const names = createNameSet();
  for await (const { source } of rows) {
    if (source?.kind === 'store' && source.uri.startsWith(uri)) names.add(source.uri.slice(uri.length));
  }
  return names;
};

/** @throws OUTPUT_IS_INPUT, OUTPUT_OBSTRUCTED for a name that the store cannot keep */
export const refuseObjects = (row: Row, { store, inputs }: RemoteOutputs): void => {
  for (const name of outputsOf(row)) {
    if (inputs.has(name)) {
      throw new RefineError(
        'OUTPUT_IS_INPUT',
        `Expected an output that replaces no input, got ${name} in ${store.shown}, an object that this run reads. Choose another --output-dir, or another output for the row.`,
      );
    }
    const fault = nameFault(store, name);
    if (fault !== null) throw fault;
  }
};

/** OUTPUT_OBSTRUCTED for a name that the store cannot keep: the row's fault, not the run's; else null. */
export const nameFault = (store: Store, name: string): RefineError | null => {
  try {
    store.checkName(name);
    return null;
  } catch (thrown) {
    if (!isRefineError(thrown)) throw thrown;
    return new RefineError('OUTPUT_OBSTRUCTED', thrown.message);
  }
};

/** @returns null if the object is as the results list it; else what is wrong, as `is missing` */
export const findObjectFault = async (
  store: Store,
  { name, bytes, sha256 }: { name: string; bytes: number | undefined; sha256: string | undefined },
): Promise<string | null> => {
  const there = await store.stat(name);
  if (there === null) return 'is missing';
  if (bytes !== undefined && there.size !== bytes) return `has ${there.size} bytes, expected ${bytes}`;
  return sha256 === undefined || there.sha256 === null || there.sha256 === sha256
    ? null
    : 'has a different SHA-256 than the results list';
};

/**
 * An object appears whole. One with the same digest is this one: an earlier run, or another writer, put it there.
 * @throws OUTPUT_TAKEN, STORE_*
 */
export const writeObject = async (
  store: Store,
  name: string,
  bytes: Uint8Array,
  replaceable: Replaceable,
): Promise<void> => {
  if ((await writeOnce(store, name, bytes)) === null) return;
  if (replaceable.has(name)) return store.write(name, bytes);
  throw new RefineError(
    'OUTPUT_TAKEN',
    `Expected no object ${name} in ${store.shown}, found one of other bytes that this run did not write; it is not replaced. Remove it and run again with --resume, give --overwrite, or choose another name.`,
    { context: { name, place: store.shown } },
  );
};

/** Removes the outputs of removed rows (--prune). The names come from an untrusted file. @returns number of removed objects */
export const removeObjects = async ({ store, inputs }: RemoteOutputs, names: readonly string[]): Promise<number> => {
  let removed = 0;
  for (const name of names) {
    if (!isOutput(name) || inputs.has(name)) continue;
    await store.remove(name);
    removed++;
  }
  return removed;
};
