/** Inputs in object storage: a manifest, a picture, or all pictures whose names begin with a prefix. */
import { createHash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { messageOf, RefineError, isRefineError } from '../../../errors.js';
import { bucketOf } from '../../../io/store/read-object.js';
import { formatStoreUri, parseStoreUri, type StorePlace } from '../../../io/store/store-uri.js';
import { OWN_FILES } from './list-files.js';
import type { FoundInputs } from './list-input.js';
import { fileInput, isManifest, isParquet, parquetProblem, unreadable, type ManifestInput } from './manifest-input.js';
import { isPicture, isUnreadPicture, extensionIn } from './picture-extensions.js';
import { NONE_SKIPPED, type SkippedFiles } from './skipped-files.js';

export interface StoreInputOptions {
  /** Folder for manifests and names; the caller removes it. */
  spoolFolder: string;
  recursive: boolean;
  /** URI that outputs are written to; its objects are not inputs. */
  outputUri?: string;
  signal?: AbortSignal;
}

/** @throws STORE_*, MANIFEST_UNREADABLE, USAGE_CONFLICT (pictures beside their outputs), OUTPUT_UNWRITABLE (the spool) */
export const findStoreInput = async (uri: string, options: StoreInputOptions): Promise<FoundInputs> => {
  const place = parseStoreUri(uri);
  const { key } = place;
  if (key.includes('*')) {
    throw unreadable(uri, 'patterns with * are not read in object storage; give the beginning of the names');
  }
  if (isManifest(key)) return { inputs: [await spoolManifest(place, options)], skipped: NONE_SKIPPED };
  if (isParquet(key)) throw parquetProblem(uri, basename(key));
  if (isPicture(key)) {
    const folder = formatStoreUri({ ...place, key: key.slice(0, key.length - basename(key).length) });
    const path = await spool(uri, [`${basename(key)}\n`], options);
    return { inputs: [{ kind: 'listing', name: basename(key), folder, path }], skipped: NONE_SKIPPED };
  }
  return listPrefix({ ...place, key: key === '' || key.endsWith('/') ? key : `${key}/` }, uri, options);
};

const nameOf = ({ bucket, key }: StorePlace): string => (key === '' ? bucket : basename(key));

/** If there are manifests, only they are inputs, as in folders. Hidden names and a run's own files are passed over. */
const listPrefix = async (place: StorePlace, uri: string, options: StoreInputOptions): Promise<FoundInputs> => {
  const { recursive, outputUri, signal } = options;
  const store = await bucketOf(place);
  const output = outputUri === undefined ? null : formatStoreUri(parseStoreUri(`${outputUri.replace(/\/+$/, '')}/`));
  const folder = formatStoreUri(place);
  const manifests: string[] = [];
  const skipped = { files: 0, pictures: 0, unread: {} as Record<string, number> };
  const folders = new Set<string>();
  const names = async function* (): AsyncGenerator<string> {
    for await (const { name: key } of store.list(place.key)) {
      signal?.throwIfAborted();
      const name = key.slice(place.key.length);
      if (output !== null && output !== folder && formatStoreUri({ ...place, key }).startsWith(output)) continue;
      if (name.split('/').some((part) => part.startsWith('.')) || OWN_FILES.test(name)) continue;
      if (!recursive && name.includes('/')) {
        if (folders.size < MAX_FOLDERS) folders.add(name.slice(0, name.indexOf('/')));
      } else if (isManifest(name)) {
        if (manifests.push(name) > MAX_MANIFESTS) throw unreadable(uri, `it has more than ${MAX_MANIFESTS} manifests`);
      } else if (isPicture(name)) {
        skipped.pictures++;
        yield `${name}\n`;
      } else if (isUnreadPicture(name)) {
        skipped.unread[extensionIn(name)] = (skipped.unread[extensionIn(name)] ?? 0) + 1;
      } else skipped.files++;
    }
  };
  const path = await spool(folder, names(), options);
  const { unread, pictures, files } = skipped;
  const counts: SkippedFiles = {
    ...{ files, folders: folders.size, pictures: 0 },
    ...(Object.keys(unread).length === 0 ? {} : { unread }),
  };
  if (manifests.length > 0) {
    const inputs: ManifestInput[] = [];
    for (const name of manifests) {
      const manifest = await spoolManifest({ ...place, key: place.key + name }, options);
      inputs.push({ ...manifest, name });
    }
    return { inputs, skipped: { ...counts, pictures } };
  }
  if (output === folder && pictures > 0) {
    throw new RefineError(
      'USAGE_CONFLICT',
      `Expected different places for inputs and outputs, got ${folder} for both: the next run would refine its own outputs; choose another --output-dir`,
    );
  }
  return { inputs: [{ kind: 'listing', name: nameOf(place), folder, path }], skipped: counts };
};

/** Folders counted for the note on those that are not entered. */
const MAX_FOLDERS = 10_000;
/** Manifests of a prefix: each is copied before the run. */
const MAX_MANIFESTS = 1000;

/** A manifest is read more than once, and the object may change meanwhile: it is copied. */
const spoolManifest = async (place: StorePlace, options: StoreInputOptions): Promise<ManifestInput> => {
  const uri = formatStoreUri(place);
  const store = await bucketOf(place);
  const path = await spool(uri, store.stream(place.key, options.signal === undefined ? {} : options), options);
  return { ...fileInput(path, basename(place.key)), folder: dirnameOf(uri) };
};

/** The URI without its last name, and without a slash at its end. */
const dirnameOf = (uri: string): string => uri.slice(0, uri.lastIndexOf('/'));

/** Copies to a file of the spool folder; the first copy of a URI stays, so that a second plan of the run has the same rows. */
const spool = async (
  uri: string,
  data: Iterable<string> | AsyncIterable<Uint8Array | string>,
  { spoolFolder }: StoreInputOptions,
): Promise<string> => {
  const path = join(spoolFolder, `${createHash('sha256').update(uri).digest('hex').slice(0, 16)}${extname(uri)}`);
  if (await stat(path).catch(() => null)) return path;
  const part = `${path}.part`;
  try {
    const handle = await open(part, 'wx', 0o600);
    try {
      for await (const chunk of data) await handle.appendFile(chunk);
    } finally {
      await handle.close();
    }
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true });
    if (isRefineError(cause)) throw cause;
    throw new RefineError(
      'OUTPUT_UNWRITABLE',
      `Could not copy ${uri} to ${part}: ${messageOf(cause)}. Free some space, or choose another folder for temporary files (TMPDIR).`,
      { context: { path: part }, cause },
    );
  }
  return path;
};
