/** A folder or glob as inputs: its manifests, or its pictures. */
import { basename, extname, join } from 'node:path';
import { RefineError, messageOf } from '../../../errors.js';
import type { InputPlace } from './glob-place.js';
import { findInside, listFiles, type Listing } from './list-files.js';
import { fileInput, isManifest, isParquet, parquetProblem, unreadable, type ManifestInput } from './manifest-input.js';
import { withoutExtension } from '../rows/output-name.js';
import { countNames, type PassedBy } from './skipped-files.js';
import { extensionIn, isPicture, isUnreadPicture } from './picture-extensions.js';
import { showValue } from '../rows/show-value.js';

export interface ListOptions {
  /** Absolute; what the run writes there is no input. */
  outputFolder?: string;
  /** Its reason is thrown when it is aborted. */
  signal?: AbortSignal;
}

export interface FoundInputs {
  inputs: ManifestInput[];
  passedBy: PassedBy;
}

interface Sorted {
  manifests: string[];
  pictures: string[];
  parquet: string | undefined;
  passedBy: Pick<PassedBy, 'files' | 'unread'>;
}

/** Texts beside pictures are no other files, for they may be their prompts. Names are compared however Unicode composes them. */
const sortOut = (files: readonly string[]): Sorted => {
  const manifests = files.filter(isManifest);
  const pictures = files.filter(isPicture);
  const stemOf = (path: string): string => withoutExtension(path).normalize('NFC');
  const stems = new Set(pictures.map(stemOf));
  const sidecars = files.filter((path) => extname(path) === '.txt' && stems.has(stemOf(path)));
  const unread = files.filter(isUnreadPicture);
  const others = files.length - manifests.length - pictures.length - sidecars.length - unread.length;
  const counts = countNames(unread.map((path) => [extensionIn(path), 1]));
  return {
    ...{ manifests, pictures, parquet: files.find(isParquet) },
    passedBy: { files: others, ...(unread.length === 0 ? {} : { unread: counts }) },
  };
};

/** Metadata of the splits of a Hugging Face imagefolder, which has them in folders: `train/metadata.jsonl`. */
const SPLITS = '{*,*/*}/metadata.{jsonl,csv,parquet}';

/**
 * Where there is a manifest, the pictures are its rows' to name; a glob of pictures alone has no manifest in it. A folder that has
 * neither, but folders with metadata, is an imagefolder.
 *
 * @throws RefineError MANIFEST_UNREADABLE | USAGE_CONFLICT (pictures in the output folder itself)
 */
export const listInput = async (place: InputPlace, { outputFolder, signal }: ListOptions): Promise<FoundInputs> => {
  const { folder, name, shown } = place;
  const output = outputFolder === undefined ? null : await findInside(outputFolder, folder);
  const list = (pattern: string): Promise<Listing> =>
    listFiles({ folder, pattern }, output === '' ? null : output, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw unreadable(name, messageOf(error), error);
    });
  const { files, folders } = await list(place.pattern);
  const { manifests, pictures, parquet, passedBy } = sortOut(files);
  const ofManifests = (paths: readonly string[], counts: PassedBy): FoundInputs => ({
    inputs: paths.map((path) => fileInput(join(folder, path), path)),
    passedBy: counts,
  });
  if (manifests.length > 0) return ofManifests(manifests, { ...passedBy, folders, pictures: pictures.length });
  if (parquet !== undefined && (pictures.length === 0 || basename(parquet) === 'metadata.parquet')) {
    throw parquetProblem(name, parquet);
  }
  if (pictures.length === 0 && folders > 0 && place.pattern === '*') {
    const splits = (await list(SPLITS)).files;
    const inParquet = splits.find(isParquet);
    if (inParquet !== undefined) throw parquetProblem(name, inParquet);
    if (splits.length > 0) return ofManifests(splits, { ...passedBy, folders: 0, pictures: 0 });
  }
  if (output === '' && pictures.length > 0) {
    const message = `Expected the output folder to be another than that of the pictures, found ${showValue(folder)} for both: the next run would take refined pictures for inputs; choose another --output-dir`;
    throw new RefineError('USAGE_CONFLICT', message);
  }
  const own: ManifestInput = { kind: 'pictures', name, folder: shown, paths: pictures };
  return { inputs: [own], passedBy: { ...passedBy, folders, pictures: 0 } };
};
