/** A folder as a store: objects are its files. */
import { lstat, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { platform } from 'node:process';
import { RefineError, systemCodeOf } from '../../../errors.js';
import { clearAbandoned, isFileOlderThan } from '../../files/clear-abandoned.js';
import { closeFile } from '../../files/close-file.js';
import { findLink } from '../../files/find-link.js';
import { sha256Of } from '../../files/hash-file.js';
import { renameIfAbsent } from '../../files/link-if-absent.js';
import { chunksOf, openFile, readChunks, readUpTo, withFile } from '../../files/open-file.js';
import { placeFile } from '../../files/place-file.js';
import { syncFolder } from '../../files/sync-folder.js';
import { TEMPORARY } from '../../files/temporary-path.js';
import type { Store } from '../store.js';
import { checkObjectName } from '../store-uri.js';
import { tooLarge } from '../too-large.js';
import { folderError, isAbsent } from './folder-errors.js';
import { listFolder } from './list-folder.js';

/** The folder need not exist: the first write makes it. */
export const openFolderStore = (folder: string): Store => {
  const root = resolve(folder);
  const pathOf = (name: string): string => {
    checkObjectName(name);
    if (platform === 'win32' && name.includes(':')) {
      throw new RefineError(
        'STORE_URI_INVALID',
        `Expected a name without ":", which names a drive here, found ${JSON.stringify(name)}. Choose another name.`,
      );
    }
    return resolve(root, name);
  };
  const cleared = new Set<string>();
  /** @param write may be called again @throws STORE_* */
  const placeInside = async (name: string, write: (path: string) => Promise<void>): Promise<void> => {
    const path = pathOf(name);
    try {
      await refuseLink(root, name);
      for (let attempt = 1; ; attempt++) {
        try {
          await write(path);
          break;
        } catch (cause) {
          /* Another process removed the last file of the folder, and with it the folder, after it was made here. */
          if (systemCodeOf(cause) !== 'ENOENT' || attempt === MOST_ATTEMPTS) throw cause;
        }
      }
    } catch (cause) {
      throw folderError('write', path, cause);
    }
    const folder = dirname(path);
    if (cleared.has(folder)) return;
    cleared.add(folder);
    await clearAbandoned(folder, (temporary) => TEMPORARY.test(temporary), isFileOlderThan(ABANDONED_MS));
  };
  return {
    shown: folder,
    async read(name, { maxBytes, signal }) {
      const path = pathOf(name);
      signal?.throwIfAborted();
      try {
        return await withFile(path, 'output', (handle, size) => {
          if (size > maxBytes) throw tooLarge(path, size, maxBytes);
          return readUpTo(handle, 0, size);
        });
      } catch (cause) {
        throw folderError('read', path, cause);
      }
    },
    async *stream(name, { signal } = {}) {
      const path = pathOf(name);
      try {
        for await (const chunk of readChunks(path, 'output')) {
          signal?.throwIfAborted();
          yield chunk;
        }
      } catch (cause) {
        throw signal?.aborted === true ? cause : folderError('read', path, cause);
      }
    },
    async has(name) {
      const path = pathOf(name);
      try {
        return (await stat(path)).isFile();
      } catch (cause) {
        if (isAbsent(cause)) return false;
        throw folderError('read', path, cause);
      }
    },
    async stat(name) {
      const path = pathOf(name);
      try {
        const handle = await openFile(path, 'output');
        try {
          return { size: (await handle.stat()).size, sha256: await sha256Of(chunksOf(handle)) };
        } finally {
          await closeFile(handle);
        }
      } catch (cause) {
        if (isAbsent(cause)) return null;
        throw folderError('read', path, cause);
      }
    },
    async writeNew(name, data) {
      let isNew = true;
      await placeInside(name, async (path) => {
        isNew = (await lstat(path).catch(() => null)) === null;
        if (!isNew) return;
        await placeFile(path, data, async (from, to) => {
          await renameIfAbsent(from, to).catch(async (cause: unknown) => {
            if (systemCodeOf(cause) !== 'EEXIST') throw cause;
            isNew = false;
            await rm(from, { force: true });
          });
        });
      });
      return isNew;
    },
    write: (name, data) => placeInside(name, (path) => placeFile(path, data, rename)),
    checkName(name) {
      pathOf(name);
    },
    writeFile: (name, from) => placeInside(name, (path) => placeFile(path, readChunks(from, 'output'), rename)),
    list: (prefix) => listFolder(root, prefix),
    async remove(name) {
      const path = pathOf(name);
      const folder = dirname(path);
      try {
        await refuseLink(root, name);
        await rm(path, { force: true });
        /* As in object storage, where folders are parts of names. One that is not empty stays. */
        if (folder !== root) await rmdir(folder).catch(() => undefined);
        await syncFolder(folder).catch((cause: unknown) => {
          if (systemCodeOf(cause) !== 'ENOENT') throw cause;
        });
      } catch (cause) {
        throw folderError('remove', path, cause);
      }
    },
  };
};

/** Writers are on several machines, so that their process numbers say nothing; a file is written in much less time. */
const ABANDONED_MS = 24 * 3600 * 1000;
/** A folder may vanish once in a moment, not again and again. */
const MOST_ATTEMPTS = 3;

const refuseLink = async (root: string, name: string): Promise<void> => {
  const link = await findLink(root, name);
  if (link === null) return;
  throw new RefineError(
    'STORE_DENIED',
    `Expected ${link} to be no symbolic link: what is written to a store stays inside it. Remove the link, or choose a folder without one for the store.`,
    { context: { path: link } },
  );
};
