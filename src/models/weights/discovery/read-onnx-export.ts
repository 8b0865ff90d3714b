/** Reads a network of an ONNX export, and finds its weight files. */
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, RefineError } from '../../../errors.js';
import { readFileBytes } from '../../../io/files/open-file.js';
import { commonFolder } from './common-folder.js';
import { formatValue } from '../safetensors/format-value.js';

/** @throws WEIGHTS_FILE_MISSING */
export const readOnnxExport = async (file: string): Promise<Uint8Array> =>
  readFileBytes(file, 'network').catch(unreadable(file));

/**
 * Real paths of the weight files, and their common folder. The Hugging Face cache consists of links, and ONNX Runtime
 * refuses links that leave the folder.
 * @param file of the network
 * @param locations weight files by name, in the network's folder
 * @throws WEIGHTS_HEADER_INVALID for a name that leaves the folder, WEIGHTS_FILE_MISSING
 */
export const findExternalData = async (
  file: string,
  locations: readonly string[],
): Promise<{ files: ReadonlyMap<string, string>; folder: string }> => {
  const files = new Map<string, string>();
  for (const location of locations) {
    if (!/^[\w.-]+$/.test(location)) {
      const message = `${file} names the file ${formatValue(location)} for its weights, not one in its folder. Export the model again.`;
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
