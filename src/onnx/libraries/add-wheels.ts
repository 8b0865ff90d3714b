/** Brings wheels' libraries into the cache: each whole, verified and unpacked, or not there. */
import { createHash } from 'node:crypto';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isRefineError, RefineError } from '../../errors.js';
import { addToHash } from '../../io/files/hash-file.js';
import { holdLock } from '../../io/files/lock-file.js';
import { makeFolder } from '../../io/files/make-folder.js';
import { readChunks } from '../../io/files/open-file.js';
import { syncFolder } from '../../io/files/sync-folder.js';
import { downloadFile } from '../../io/net/download-file.js';
import { addedFolder, DOWNLOADS, NOTE, removeUnfinished, UNFINISHED, type WheelNote } from './added-wheels.js';
import { folderNameOf, unpackedBytes, type Wheel } from './cuda-wheels.js';
import { downloadFailed, LIBRARY_LOCK, libraryUnwritable } from './library-errors.js';
import { askIndex, findWheel, type PackageIndex } from './package-index.js';
import { unpackWheel } from './unpack-wheel.js';

export const LOCK = '.lock';

/** What is about to be done. */
export interface AddPlan {
  wheels: readonly Wheel[];
  downloadBytes: number;
  unpackedBytes: number;
  folder: string;
}

export interface AddOptions {
  /** Of all libraries that were added. */
  libraries: string;
  /** Folder of wheels brought by hand; null: they are downloaded. */
  from: string | null;
  index: PackageIndex;
  signal: AbortSignal;
  /** Whether a process of this machine lives. */
  isAlive: (pid: number) => boolean;
  /** Called once, before anything comes; not where all is there. */
  begin: (plan: AddPlan) => void;
  /** @param done, total bytes of wheels */
  report: (done: number, total: number, what: string) => void;
}

/**
 * Wheels that are there stay as they are; of a broken download what came is used.
 * @returns folders of the wheels, in their order
 * @throws LIBRARY_DOWNLOAD_FAILED, CACHE_UNWRITABLE, CACHE_LOCKED, the signal's reason
 */
export const addWheels = async (wheels: readonly Wheel[], options: AddOptions): Promise<string[]> => {
  const { libraries } = options;
  try {
    await makeFolder(libraries);
    const lock = await holdLock(join(libraries, LOCK), { isAlive: options.isAlive, errors: LIBRARY_LOCK });
    const signal = AbortSignal.any([options.signal, lock.lost]);
    try {
      await addMissing(wheels, { ...options, signal });
      await removeUnfinished(libraries);
    } finally {
      await lock.release();
    }
  } catch (thrown) {
    options.signal.throwIfAborted();
    throw isRefineError(thrown) ? thrown : libraryUnwritable(libraries, thrown);
  }
  return wheels.map((wheel) => join(libraries, folderNameOf(wheel)));
};

const addMissing = async (wheels: readonly Wheel[], options: AddOptions): Promise<void> => {
  const { libraries, from, begin, report } = options;
  const missing: Wheel[] = [];
  for (const wheel of wheels) if ((await addedFolder(libraries, wheel)) === null) missing.push(wheel);
  if (missing.length === 0) return;
  const plan = planOf(missing, libraries);
  if (from !== null) await expectWheels(missing, from);
  begin(plan);
  await expectRoom(plan, from !== null);
  let done = 0;
  for (const [at, wheel] of missing.entries()) {
    const onBytes = (count: number): void => {
      done += count;
      report(done, plan.downloadBytes, wheel.file);
    };
    const path =
      from === null
        ? await download({ wheel, missing: missing.slice(at), onBytes }, options)
        : await verify(wheel, from, onBytes);
    report(done, plan.downloadBytes, `unpacking ${wheel.file}`);
    await place(path, wheel, options);
    if (from === null) await rm(path, { force: true });
  }
};

const planOf = (wheels: readonly Wheel[], folder: string): AddPlan => ({
  wheels,
  downloadBytes: wheels.reduce((sum, { bytes }) => sum + bytes, 0),
  unpackedBytes: wheels.reduce((sum, wheel) => sum + unpackedBytes(wheel), 0),
  folder,
});

interface Coming {
  wheel: Wheel;
  /** It, and those that come after it. */
  missing: readonly Wheel[];
  onBytes: (count: number) => void;
}

const download = ({ wheel, missing, onBytes }: Coming, options: AddOptions): Promise<string> => {
  const { libraries, index, signal, isAlive } = options;
  /* What did not come may be brought by hand; what came wrong would be wrong again. */
  const unreachable = (message: string, cause?: unknown): RefineError =>
    downloadFailed(`${message} Without this network: ${howToBring(missing)}`, cause);
  return downloadFile(
    {
      name: wheel.file,
      size: wheel.bytes,
      digest: wheel.sha256,
      beginDigest: () => createHash('sha256'),
      listedBy: 'this version of sdxl-refine',
    },
    {
      folder: join(libraries, DOWNLOADS),
      ask: async (from) => {
        const url = await findWheel(index, wheel, { signal, failed: unreachable });
        return askIndex(index, url, { signal, failed: unreachable, from });
      },
      onBytes,
      signal,
      isAlive,
      failed: downloadFailed,
      unwritable: libraryUnwritable,
    },
  );
};

const howToBring = (wheels: readonly Wheel[]): string =>
  `download ${wheels.map(({ file }) => file).join(', ')} from PyPI on another machine, bring them here in a folder, and give that folder with --from.`;

/** All that is missing at once, before any is unpacked. */
const expectWheels = async (wheels: readonly Wheel[], folder: string): Promise<void> => {
  const missing: string[] = [];
  for (const { file } of wheels) {
    const found = await stat(join(folder, file)).catch(() => null);
    if (found?.isFile() !== true) missing.push(file);
  }
  if (missing.length === 0) return;
  throw downloadFailed(
    `Expected ${wheels.length === 1 ? 'this wheel' : `these ${wheels.length} wheels`} of PyPI in ${folder}; ${missing.length} of them not there: ${missing.join(', ')}. ` +
      'Download them where there is a network, and bring them into that folder.',
  );
};

const verify = async (wheel: Wheel, folder: string, onBytes: (count: number) => void): Promise<string> => {
  const path = join(folder, wheel.file);
  const hash = createHash('sha256');
  const size = await addToHash(hash, readChunks(path, 'download')).catch((cause: unknown) => {
    throw downloadFailed(`Cannot read ${path}: ${String(cause)}.`, cause);
  });
  const digest = hash.digest('hex');
  if (digest !== wheel.sha256) {
    throw downloadFailed(
      `${path} is not the file that this version of sdxl-refine lists (${size} bytes, ${digest}, instead of ${wheel.bytes} bytes, ${wheel.sha256}). Download it again.`,
    );
  }
  onBytes(size);
  return path;
};

/** Unpacks beside, then gives the folder its name. */
const place = async (path: string, wheel: Wheel, { libraries, signal }: AddOptions): Promise<void> => {
  const folder = join(libraries, folderNameOf(wheel));
  const beside = `${folder}${UNFINISHED}`;
  try {
    /* Of a process before this one: this one has the lock. */
    await rm(beside, { recursive: true, force: true });
    await makeFolder(beside);
    await unpackWheel(path, wheel, { folder: beside, signal, failed: downloadFailed });
    const { project, version, sha256, files } = wheel;
    const note: WheelNote = { project, version, sha256, files: files.map(({ name, bytes }) => ({ name, bytes })) };
    await writeSynced(join(beside, NOTE), `${JSON.stringify(note, null, 2)}\n`);
    await syncFolder(beside);
    await rename(beside, folder);
    await syncFolder(libraries);
  } catch (thrown) {
    await rm(beside, { recursive: true, force: true });
    throw isRefineError(thrown) ? thrown : libraryUnwritable(folder, thrown);
  }
};

const writeSynced = async (path: string, text: string): Promise<void> => {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Fails before gigabytes have come, not after. A wheel is removed once it is unpacked, so the largest counts alone. */
const expectRoom = async ({ wheels, unpackedBytes: unpacked, folder }: AddPlan, isHere: boolean): Promise<void> => {
  const needed = unpacked + (isHere ? 0 : Math.max(...wheels.map(({ bytes }) => bytes)));
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (needed <= free) return;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  throw new RefineError(
    'CACHE_UNWRITABLE',
    `The libraries need ${gigabytes(needed)} GB in ${folder}, which has ${gigabytes(free)} GB free. Make room, or set SDXL_REFINE_CACHE to another folder.`,
    { context: { path: folder, needed_bytes: needed, free_bytes: free } },
  );
};
