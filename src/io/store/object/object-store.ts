/** Object storage as a store, by opendal. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { env } from 'node:process';
import { RefineError } from '../../../errors.js';
import { readChunks, readFileBytes } from '../../files/open-file.js';
import { checkObjectName, formatStoreUri, objectNameFault, type StorePlace } from '../store-uri.js';
import type { ObjectState, Store } from '../store.js';
import { tooLarge } from '../too-large.js';
import { connect } from './connect.js';
import { isMissing, isTaken, objectError } from './object-errors.js';

/** Key of an object's metadata, where its digest is. */
const DIGEST = 'sha256';
/** Bytes of a chunk. */
const CHUNK = 256 * 1024;
/** Bytes of an upload's part; a file of fewer bytes is one upload. */
const PART = 16 * 2 ** 20;
/** What opendal's Google Cloud Storage keeps as it is in the names that it writes; others come out escaped twice. */
const PLAIN_NAME = /^[\w.~/-]*$/;

/** @throws STORE_LIBRARY_MISSING, STORE_DENIED, STORE_URI_INVALID */
export const openObjectStore = async (place: StorePlace): Promise<Store> => {
  const operator = await connect(place, env);
  const base = place.key === '' || place.key.endsWith('/') ? place.key : `${place.key}/`;
  const shownOf = (name: string): string => formatStoreUri({ ...place, key: base + name });
  const pathOf = (name: string): string => {
    checkObjectName(name);
    checkObjectName(base + name);
    return base + name;
  };
  const writablePath = (name: string): string => {
    const path = pathOf(name);
    if (place.scheme !== 'gs' || PLAIN_NAME.test(path)) return path;
    throw new RefineError(
      'STORE_URI_INVALID',
      `Expected a name of the letters A to Z, digits, ".", "_", "~", "-" and "/" for writing to Google Cloud Storage, found ${JSON.stringify(path)}. Choose another name, or another store (docs/object-storage.md says why).`,
    );
  };
  /** An answer without a body, as of HEAD, does not say why: a GET of one byte does. */
  const explain = async (what: string, path: string, name: string, thrown: unknown): Promise<RefineError> => {
    const reason = await operator.read(path, { offset: 0n, size: 1n }).then(
      () => thrown,
      (better: unknown) => better,
    );
    return objectError(what, shownOf(name), reason);
  };
  const sizeOf = async (path: string, name: string): Promise<number> => {
    try {
      return Number((await operator.stat(path)).contentLength ?? 0n);
    } catch (thrown) {
      throw await explain('read', path, name, thrown);
    }
  };
  const put = async (name: string, data: Uint8Array, isNew: boolean): Promise<boolean> => {
    const path = writablePath(name);
    const sha256 = createHash('sha256').update(data).digest('hex');
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    try {
      await operator.write(path, bytes, {
        ...(isNew ? { ifNotExists: true } : {}),
        userMetadata: { [DIGEST]: sha256 },
      });
      return true;
    } catch (thrown) {
      if (isNew && isTaken(thrown)) return false;
      throw objectError('write', shownOf(name), thrown);
    }
  };
  const stateOf = async (name: string): Promise<ObjectState | null> => {
    const path = pathOf(name);
    try {
      const { contentLength, userMetadata } = await operator.stat(path);
      const sha256 = userMetadata?.[DIGEST];
      return {
        size: Number(contentLength ?? 0n),
        sha256: sha256 !== undefined && /^[\da-f]{64}$/.test(sha256) ? sha256 : null,
      };
    } catch (thrown) {
      if (isMissing(thrown)) return null;
      throw await explain('read', path, name, thrown);
    }
  };
  return {
    shown: formatStoreUri(place),
    async read(name, { maxBytes, signal }) {
      const path = pathOf(name);
      signal?.throwIfAborted();
      const size = await sizeOf(path, name);
      if (size > maxBytes) throw tooLarge(shownOf(name), size, maxBytes);
      signal?.throwIfAborted();
      if (size === 0) return new Uint8Array();
      return operator.read(path, { offset: 0n, size: BigInt(size) }).catch((thrown: unknown) => {
        throw objectError('read', shownOf(name), thrown);
      });
    },
    async *stream(name, { signal } = {}) {
      const path = pathOf(name);
      signal?.throwIfAborted();
      const reader = await operator.reader(path).catch(async (thrown: unknown) => {
        throw await explain('read', path, name, thrown);
      });
      for (;;) {
        const buffer = Buffer.allocUnsafe(CHUNK);
        const length = await reader.read(buffer).catch((thrown: unknown) => {
          throw objectError('read', shownOf(name), thrown);
        });
        signal?.throwIfAborted();
        if (length === 0n) return;
        yield buffer.subarray(0, Number(length));
      }
    },
    has: async (name) => (await stateOf(name)) !== null,
    stat: stateOf,
    writeNew: (name, data) => put(name, data, true),
    async write(name, data) {
      await put(name, data, false);
    },
    checkName(name) {
      writablePath(name);
    },
    async writeFile(name, from, sha256) {
      const path = writablePath(name);
      const { size } = await stat(from);
      if (size <= PART) {
        await put(name, await readFileBytes(from, 'output'), false);
        return;
      }
      try {
        const writer = await operator.writer(path, { chunk: BigInt(PART), userMetadata: { [DIGEST]: sha256 } });
        for await (const chunk of readChunks(from, 'output')) await writer.write(chunk);
        await writer.close();
      } catch (thrown) {
        throw objectError('write', shownOf(name), thrown);
      }
    },
    async *list(prefix) {
      const shown = shownOf(prefix);
      try {
        const lister = await operator.lister(base + prefix === '' ? '/' : base + prefix, { recursive: true });
        for (let entry = await lister.next(); entry !== null; entry = await lister.next()) {
          const path = entry.path();
          /* A name that ends with a slash stands for a folder in the clouds' consoles. */
          if (!path.startsWith(base + prefix) || objectNameFault(path) !== null) continue;
          const name = path.slice(base.length);
          if (objectNameFault(name) === null) yield { name, size: Number(entry.metadata().contentLength ?? 0n) };
        }
      } catch (thrown) {
        throw objectError('list', shown, thrown);
      }
    },
    async remove(name) {
      const path = pathOf(name);
      await operator.delete(path).catch((thrown: unknown) => {
        if (!isMissing(thrown)) throw objectError('remove', shownOf(name), thrown);
      });
    },
  };
};
