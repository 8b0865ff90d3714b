/**
 * The results of a run in object storage. Objects cannot grow, so while the run goes on its lines are parts of a journal; at the
 * end they are joined to `results.jsonl`. The journal itself is a file of a working folder, as for a run into a folder.
 */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { RefineError } from '../../../errors.js';
import { closeFile } from '../../../io/files/close-file.js';
import { sha256Of } from '../../../io/files/hash-file.js';
import { openFile, readChunks, readUpTo } from '../../../io/files/open-file.js';
import type { Store } from '../../../io/store/store.js';
import { writeOnce } from '../../../io/store/write-once.js';
import { partName, partNumber, partsAfter, remoteNames } from './remote-names.js';

export interface RemoteJournal {
  /** Call after lines were appended to the file. @throws STORE_* of an earlier upload, OUTPUT_LOCKED if another run writes too */
  appended(): Promise<void>;
  /** Uploads all lines. @throws as `appended` */
  flush(): Promise<void>;
  /** Removes the earlier results, before a run that starts over. @throws STORE_* */
  reset(): Promise<void>;
  /** Replaces the results by the whole file, then removes the parts. @throws STORE_* */
  settle(): Promise<void>;
}

/** Between uploads of parts: a killed run redoes the rows of this time at most. */
const INTERVAL_MS = 10_000;
/** Bytes of a part. */
const PART_BYTES = 16 * 2 ** 20;

export interface JournalOptions {
  /** Stops the copying. */
  signal?: AbortSignal;
  /** Default: 10 s. */
  intervalMs?: number;
}

/**
 * Copies the results, and the parts that follow them, to a file.
 * @param path in the working folder; not created if there are none
 * @throws STORE_*, the file system's error, the signal's reason
 */
export const openRemoteJournal = async (
  store: Store,
  path: string,
  part: string,
  { signal, intervalMs = INTERVAL_MS }: JournalOptions = {},
): Promise<RemoteJournal> => {
  const { results, parts } = remoteNames(part);
  const source = { store, signal };
  let resultsDigest = await copyResults(source, results, path);
  let after = partsAfter(parts, resultsDigest);
  let next = await copyParts(source, after, path);
  let uploaded = await sizeOf(path);
  let lastUpload = -Infinity;
  let running: Promise<void> | null = null;
  let failure: unknown = null;
  let timer: NodeJS.Timeout | undefined;
  /** Whether the next upload waits for the end of one that takes longer than the interval. */
  let isDue = false;

  const uploadPart = async (bytes: Uint8Array): Promise<void> => {
    const name = partName(after, next);
    /* The answer to an upload may have been lost, and the upload repeated: then these bytes are there. */
    if ((await writeOnce(store, name, bytes)) !== null) throw otherWriter(store, name);
    next++;
    uploaded += bytes.length;
  };
  const upload = async (): Promise<void> => {
    const end = await sizeOf(path);
    if (end <= uploaded) return;
    const handle = await openFile(path, 'results');
    try {
      while (uploaded < end) await uploadPart(await readUpTo(handle, uploaded, Math.min(PART_BYTES, end - uploaded)));
    } finally {
      await closeFile(handle);
    }
  };
  const start = (): Promise<void> => {
    lastUpload = performance.now();
    running = upload().finally(() => {
      running = null;
      if (isDue) startSoon();
      isDue = false;
    });
    return running;
  };
  /** Rows go on meanwhile. An error ends the run at its next row. */
  const startSoon = (): void => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        if (running !== null) {
          isDue = true;
          return;
        }
        start().catch((thrown: unknown) => {
          failure = thrown;
        });
      },
      Math.max(0, lastUpload + intervalMs - performance.now()),
    ).unref();
  };
  const stopTimer = (): void => {
    clearTimeout(timer);
    timer = undefined;
    isDue = false;
  };
  const flush = async (): Promise<void> => {
    stopTimer();
    await running?.catch(() => undefined);
    await start();
  };
  const removeParts = async (): Promise<void> => {
    const names: string[] = [];
    for await (const { name } of store.list(parts)) names.push(name);
    for (const name of names) await store.remove(name);
  };
  return {
    async appended() {
      if (failure !== null) throw failure as Error;
      /* Not with the next line, which may take minutes. */
      startSoon();
      return Promise.resolve();
    },
    flush,
    async reset() {
      stopTimer();
      await removeParts();
      await store.remove(results);
      resultsDigest = null;
      after = partsAfter(parts, null);
      next = 0;
      uploaded = 0;
    },
    async settle() {
      stopTimer();
      await running?.catch(() => undefined);
      const digest = await sha256Of(readChunks(path, 'results'));
      if (digest !== resultsDigest) {
        await store.writeFile(results, path, digest);
        resultsDigest = digest;
        after = partsAfter(parts, digest);
        next = 0;
      }
      uploaded = await sizeOf(path);
      await removeParts();
    },
  };
};

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

const otherWriter = (store: Store, name: string): RefineError =>
  new RefineError(
    'OUTPUT_LOCKED',
    `Expected to be the only run that writes to ${store.shown}, but another run wrote ${basename(name)} of its journal. Nothing more is written; finished rows are kept. Run again with --resume once the other run has ended.`,
    { context: { place: store.shown } },
  );

interface Source {
  store: Store;
  signal: AbortSignal | undefined;
}

const readTo = async (
  { store, signal }: Source,
  name: string,
  use: (chunk: Uint8Array) => Promise<void>,
): Promise<void> => {
  const stream = store.stream(name, signal === undefined ? {} : { signal });
  for await (const chunk of stream) await use(chunk);
};

/** @returns SHA-256 of the results; null if there are none */
const copyResults = async (source: Source, name: string, path: string): Promise<string | null> => {
  const { store } = source;
  if (!(await store.has(name))) return null;
  const hash = createHash('sha256');
  const handle = await open(path, 'wx', 0o600);
  try {
    await readTo(source, name, async (chunk) => {
      hash.update(chunk);
      await handle.appendFile(chunk);
    });
  } finally {
    await closeFile(handle);
  }
  return hash.digest('hex');
};

/** @returns number of the next part */
const copyParts = async (source: Source, after: string, path: string): Promise<number> => {
  let next = 0;
  for await (const { name } of source.store.list(after)) {
    const number = partNumber(after, name);
    if (number === null) continue;
    const handle = await open(path, 'a', 0o600);
    try {
      await readTo(source, name, (chunk) => handle.appendFile(chunk));
    } finally {
      await closeFile(handle);
    }
    next = Math.max(next, number + 1);
  }
  return next;
};
