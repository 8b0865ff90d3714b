/** Reads a network of an export to ONNX, and finds the weights beside it. */
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, RefineError } from '../../../errors.js';
import { readFileBytes } from '../../../io/files/open-file.js';
import { commonFolder } from './common-folder.js';
import { show } from '../safetensors/format-value.js';

/** @throws WEIGHTS_FILE_MISSING */
export const readExport = async (file: string): Promise<Uint8Array> =>
  readFileBytes(file, 'network').catch(unreadable(file));

/**
 * Real paths of files that a network names, and the folder that they lie below: ONNX Runtime refuses links that leave it,
 * which is what the Hugging Face cache is made of.
 * @param file the network's own
 * @param locations as it names them: file names, in its folder
 * @throws WEIGHTS_HEADER_INVALID for a name that leaves the folder, WEIGHTS_FILE_MISSING
 */
export const findExportData = async (
  file: string,
  locations: readonly string[],
): Promise<{ files: ReadonlyMap<string, string>; folder: string }> => {
  const files = new Map<string, string>();
  for (const location of locations) {
    if (!/^[\w.-]+$/.test(location)) {
      const message = `${file} names the file ${show(location)} for its weights, not one in its folder. Export the model again.`;
      throw new RefineError('WEIGHTS_HEADER_INVALID', message, { context: { file } });
    }
    const data = join(dirname(file), location);
    files.set(location, await realpath(data).catch(unreadable(data)));
  }
  return { files, folder: files.size === 0 ? dirname(file) : commonFolder([...files.values()]) };
};

const unreadable =
  (file: string) =>
  (cause: unknown): never => {
    const message = `Cannot read ${file}: ${messageOf(cause)}. Download or export the model again.`;
    throw new RefineError('WEIGHTS_FILE_MISSING', message, { context: { file }, cause });
  };
