/** Verifies that the outputs of an earlier run are unchanged. */
import { lstat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { closeFile } from '../../io/files/close-file.js';
import { sha256Of } from '../../io/files/hash-file.js';
import { chunksOf, openFile } from '../../io/files/open-file.js';
import { isCompletePicture } from '../../media/image/is-complete.js';
import { readLatents } from '../../models/weights/latents/read-latents.js';
import { existingForm } from '../../io/files/unicode-form.js';
import type { ResultRecord } from '../../records/result.js';
import type { Row } from '../../records/row.js';
import type { WrittenFiles } from '../results/written-files.js';
import { findObjectFault, type RemoteOutputs } from './remote-outputs.js';

export interface VerifyOptions {
  outputFolder: string;
  /** Whether the SHA-256 is compared too. */
  verifies?: boolean;
  /** Of files that a killed run may have replaced without a line, the SHA-256 is compared always. */
  written?: Pick<WrittenFiles, 'isDoubtful'>;
  /** If the outputs are in object storage. */
  remote?: RemoteOutputs;
}

/** A file as its result line records it; size and digest are undefined in lines of older versions. */
interface RecordedFile {
  name: string;
  bytes: number | undefined;
  sha256: string | undefined;
}

/** @returns null if all outputs are intact, else the first fault: `a.png is missing` */
export const findOutputFault = async (
  row: Row,
  record: ResultRecord,
  options: VerifyOptions,
): Promise<string | null> => {
  const { output, generation } = row;
  const files: RecordedFile[] = [{ name: output, bytes: record.output_bytes, sha256: record.output_sha256 }];
  if (generation?.latentsSuffix != null) {
    files.push({ name: output + generation.latentsSuffix, bytes: record.latents_bytes, sha256: record.latents_sha256 });
  }
  for (const file of files) {
    const { remote } = options;
    const what = remote === undefined ? await findFileFault(file, options) : await findObjectFault(remote.store, file);
    if (what !== null) return `${file.name} ${what}`;
  }
  return null;
};

const findFileFault = async (
  { name, bytes, sha256 }: RecordedFile,
  { outputFolder, verifies = false, written }: VerifyOptions,
): Promise<string | null> => {
  const path = existingForm(join(outputFolder, name));
  const stats = await lstat(path).catch(() => null);
  if (stats === null) return 'is missing';
  if (stats.isSymbolicLink()) return 'is a symbolic link';
  if (!stats.isFile()) return stats.isDirectory() ? 'is a folder' : 'is not a regular file';
  if (stats.size === 0) return 'is empty';
  if (bytes !== undefined && stats.size !== bytes) return `has ${stats.size} bytes, expected ${bytes}`;
  const handle = await openFile(path, 'output').catch(() => null);
  if (handle === null) return 'cannot be read';
  try {
    if (sha256 !== undefined && (verifies || written?.isDoubtful(name, sha256) === true)) {
      return (await sha256Of(chunksOf(handle))) === sha256 ? null : 'has a different SHA-256 than the results list';
    }
    return bytes !== undefined || (await isWhole(handle, path, stats.size)) ? null : 'is truncated';
  } finally {
    await closeFile(handle);
  }
};

const isWhole = (handle: FileHandle, path: string, size: number): Promise<boolean> =>
  path.endsWith('.safetensors')
    ? readLatents(path).then(
        () => true,
        () => false,
      )
    : isCompletePicture(handle, size, path);
