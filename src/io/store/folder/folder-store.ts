/** A folder as a store: objects are its files. */
import { lstat, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { platform } from 'node:process';
import { RefineError, systemCodeOf } from '../../../errors.js';
import { closeFile } from '../../files/close-file.js';
import { sha256Of } from '../../files/hash-file.js';
import { renameIfAbsent } from '../../files/link-if-absent.js';
import { chunksOf, openFile, readChunks, readUpTo, withFile } from '../../files/open-file.js';
import { placeFile } from '../../files/place-file.js';
import { syncFolder } from '../../files/sync-folder.js';
import type { Store } from '../store.js';
import { checkObjectName } from '../store-uri.js';
import { tooLarge } from '../too-large.js';
import { folderError } from './folder-errors.js';
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
        if (systemCodeOf(cause) === 'ENOENT') return null;
        throw folderError('read', path, cause);
      }
    },
    async writeNew(name, data) {
      const path = pathOf(name);
      let isNew = true;
      try {
        if ((await lstat(path).catch(() => null)) !== null) return false;
        await placeFile(path, data, async (from, to) => {
          await renameIfAbsent(from, to).catch(async (cause: unknown) => {
            if (systemCodeOf(cause) !== 'EEXIST') throw cause;
            isNew = false;
            await rm(from, { force: true });
          });
        });
        return isNew;
      } catch (cause) {
        throw folderError('write', path, cause);
      }
    },
    async write(name, data) {
      const path = pathOf(name);
      try {
        await placeFile(path, data, rename);
      } catch (cause) {
        throw folderError('write', path, cause);
      }
    },
    checkName(name) {
      pathOf(name);
    },
    async writeFile(name, from) {
      const path = pathOf(name);
      try {
        await placeFile(path, readChunks(from, 'output'), rename);
      } catch (cause) {
        throw folderError('write', path, cause);
      }
    },
    list: (prefix) => listFolder(root, prefix),
    async remove(name) {
      const path = pathOf(name);
      try {
        await rm(path, { force: true });
        await syncFolder(dirname(path)).catch((cause: unknown) => {
          if (systemCodeOf(cause) !== 'ENOENT') throw cause;
        });
      } catch (cause) {
        throw folderError('remove', path, cause);
      }
    },
  };
};
