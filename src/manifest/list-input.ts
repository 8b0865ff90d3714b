/** A folder or glob as inputs: its manifests, or its pictures. */
import { extname, join } from 'node:path';
import { RefineError, messageOf } from '../errors.js';
import type { InputPlace } from './glob-place.js';
import { findInside, listFiles } from './list-files.js';
import { fileInput, isManifest, unreadable, type ManifestInput } from './manifest-input.js';
import { withoutExtension } from './output-name.js';
import type { PassedBy } from './passed-by.js';
import { isPicture } from './picture-list.js';
import { showValue } from './show-value.js';

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

/** Texts beside pictures are no other files, for they may be their prompts. */
const sortOut = (files: readonly string[]): { manifests: string[]; pictures: string[]; others: number } => {
  const manifests = files.filter(isManifest);
  const pictures = files.filter(isPicture);
  const stems = new Set(pictures.map(withoutExtension));
  const sidecars = files.filter((path) => extname(path) === '.txt' && stems.has(withoutExtension(path)));
  return { manifests, pictures, others: files.length - manifests.length - pictures.length - sidecars.length };
};

/**
 * Where there is a manifest, the pictures are its rows' to name; a glob of pictures alone has no manifest in it.
 *
 * @throws RefineError MANIFEST_UNREADABLE | USAGE_CONFLICT (pictures in the output folder itself)
 */
export const listInput = async (place: InputPlace, { outputFolder, signal }: ListOptions): Promise<FoundInputs> => {
  const { folder, name, shown } = place;
  const output = outputFolder === undefined ? null : await findInside(outputFolder, folder);
  const { files, folders } = await listFiles(place, output === '' ? null : output, signal).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw unreadable(name, messageOf(error), error);
  });
  const { manifests, pictures, others } = sortOut(files);
  if (manifests.length > 0) {
    const inputs = manifests.map((path) => fileInput(join(folder, path), path));
    return { inputs, passedBy: { files: others, folders, pictures: pictures.length } };
  }
  if (output === '' && pictures.length > 0) {
    const message = `Expected the output folder to be another than that of the pictures, found ${showValue(folder)} for both: the next run would take refined pictures for inputs; choose another --output-dir`;
    throw new RefineError('USAGE_CONFLICT', message);
  }
  const list: ManifestInput = { kind: 'pictures', name, folder: shown, paths: pictures };
  return { inputs: [list], passedBy: { files: others, folders, pictures: 0 } };
};
