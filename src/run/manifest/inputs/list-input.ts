/** Lists a folder or glob as inputs: its manifests, or its pictures. */
import { basename, extname, join } from 'node:path';
import { RefineError, messageOf } from '../../../errors.js';
import type { InputLocation } from './glob-place.js';
import { findInside, listFiles, type Listing } from './list-files.js';
import { fileInput, isManifest, isParquet, parquetProblem, unreadable, type ManifestInput } from './manifest-input.js';
import { withoutExtension } from '../rows/output-name.js';
import { countNames, type SkippedFiles } from './skipped-files.js';
import { extensionIn, isPicture, isUnreadPicture } from './picture-extensions.js';
import { formatValue } from '../rows/format-value.js';

export interface ListOptions {
  /** Absolute; files that the run writes there are not inputs. */
  outputFolder?: string;
  /** If it is aborted, its reason is thrown. */
  signal?: AbortSignal;
}

export interface FoundInputs {
  inputs: ManifestInput[];
  skipped: SkippedFiles;
  /** Absolute paths of the pictures beside manifests, which `skipped` counts. */
  beside?: readonly string[];
}

interface ClassifiedFiles {
  manifests: string[];
  pictures: string[];
  parquet: string | undefined;
  skipped: Pick<SkippedFiles, 'files' | 'unread'>;
}

/** Text files beside pictures do not count as other files, since they may be prompts. Names are compared in NFC. */
const classify = (files: readonly string[]): ClassifiedFiles => {
  const manifests = files.filter(isManifest);
  const pictures = files.filter(isPicture);
  const stemOf = (path: string): string => withoutExtension(path).normalize('NFC');
  const stems = new Set(pictures.map(stemOf));
  const sidecars = files.filter((path) => extname(path).toLowerCase() === '.txt' && stems.has(stemOf(path)));
  const unread = files.filter(isUnreadPicture);
  const others = files.length - manifests.length - pictures.length - sidecars.length - unread.length;
  const counts = countNames(unread.map((path) => [extensionIn(path), 1]));
  return {
    ...{ manifests, pictures, parquet: files.find(isParquet) },
    skipped: { files: others, ...(unread.length === 0 ? {} : { unread: counts }) },
  };
};

const METADATA = /(?:^|\/)metadata\.(?:jsonl|csv|parquet)$/;

/** Metadata of an imagefolder in two formats would run each picture twice; datasets refuses it too. @throws MANIFEST_UNREADABLE */
const refuseTwins = (input: string, files: readonly string[]): void => {
  const first = new Map<string, string>();
  for (const path of files.filter((file) => METADATA.test(file))) {
    const stem = withoutExtension(path);
    const twin = first.get(stem);
    if (twin !== undefined) {
      throw unreadable(
        input,
        `it has ${formatValue(twin)} and ${formatValue(path)}, which describe the same pictures; move one away, or give only one as input`,
      );
    }
    first.set(stem, path);
  }
};

/** Metadata files of a Hugging Face imagefolder with a folder for each split: `train/metadata.jsonl`. */
const SPLITS = '{*,*/*}/metadata.{jsonl,csv,parquet}';

/**
 * If there are manifests, only they are inputs, and their rows name the pictures. A folder with neither, but with folders that
 * have metadata, is an imagefolder.
 *
 * @throws RefineError MANIFEST_UNREADABLE | USAGE_CONFLICT (pictures in the output folder itself)
 */
export const listInput = async (place: InputLocation, { outputFolder, signal }: ListOptions): Promise<FoundInputs> => {
  const { folder, name, shown } = place;
  const output = outputFolder === undefined ? null : await findInside(outputFolder, folder);
  const list = (pattern: string): Promise<Listing> =>
    listFiles({ folder, pattern }, output === '' ? null : output, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw unreadable(name, messageOf(error), error);
    });
  const { files, folders } = await list(place.pattern);
  const { manifests, pictures, parquet, skipped } = classify(files);
  const ofManifests = (paths: readonly string[], counts: SkippedFiles): FoundInputs => ({
    inputs: paths.map((path) => fileInput(join(folder, path), path)),
    skipped: counts,
  });
  refuseTwins(name, files);
  if (manifests.length > 0) {
    const beside = pictures.map((path) => join(folder, path));
    return { ...ofManifests(manifests, { ...skipped, folders, pictures: pictures.length }), beside };
  }
  if (parquet !== undefined && (pictures.length === 0 || basename(parquet) === 'metadata.parquet')) {
    throw parquetProblem(name, parquet);
  }
  if (pictures.length === 0 && folders > 0 && place.pattern === '*') {
    const splits = (await list(SPLITS)).files;
    const inParquet = splits.find(isParquet);
    if (inParquet !== undefined) throw parquetProblem(name, inParquet);
    refuseTwins(name, splits);
    if (splits.length > 0) return ofManifests(splits, { ...skipped, folders: 0, pictures: 0 });
  }
  if (output === '' && pictures.length > 0) {
    const message = `Expected different folders for inputs and outputs, got ${formatValue(folder)} for both: the next run would refine its own outputs; choose another --output-dir`;
    throw new RefineError('USAGE_CONFLICT', message);
  }
  const isGlob = place.isGlob === true && files.length === 0 ? { isGlob: true } : {};
  const pictureList: ManifestInput = { kind: 'pictures', name, folder: shown, paths: pictures, ...isGlob };
  return { inputs: [pictureList], skipped: { ...skipped, folders, pictures: 0 } };
};
