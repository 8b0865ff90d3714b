/** The files that are taken from a wheel. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import yauzl from 'yauzl';
import { isRefineError, messageOf } from '../../errors.js';
import { writeAll } from '../../io/files/write-all.js';
import type { Failed } from '../../io/net/send-request.js';
import type { Wheel, WheelFile } from './cuda-wheels.js';

export interface UnpackOptions {
  /** Empty, and there. */
  folder: string;
  signal: AbortSignal;
  failed: Failed;
}

/**
 * Writes each file that is taken, and syncs it. Nothing is written that is longer than it should be.
 * @param path of the wheel
 * @throws what `failed` makes where the wheel is not what it should be, what the system says, the signal's reason
 */
export const unpackWheel = async (
  path: string,
  { file: wheelName, files }: Pick<Wheel, 'file' | 'files'>,
  { folder, signal, failed }: UnpackOptions,
): Promise<void> => {
  const wanted = new Map(files.map((file) => [file.path, file]));
  const damaged = (what: string, cause?: unknown): Error => failed(`The wheel ${wheelName} ${what}.`, cause);
  try {
    const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true });
    try {
      for await (const entry of zip.eachEntry()) {
        const file = wanted.get(entry.fileName);
        if (file === undefined) continue;
        /* The same name twice is not unpacked twice. */
        wanted.delete(entry.fileName);
        if (entry.uncompressedSize !== file.bytes) {
          throw damaged(`has ${entry.uncompressedSize} bytes of ${file.path} instead of ${file.bytes}`);
        }
        await writeEntry(() => zip.openReadStreamPromise(entry), join(folder, file.name), file, signal);
      }
    } finally {
      zip.close();
    }
  } catch (thrown) {
    signal.throwIfAborted();
    if (isRefineError(thrown) || isOfSystem(thrown)) throw thrown;
    throw damaged(`cannot be unpacked: ${messageOf(thrown)}`, thrown);
  }
  const [missing] = wanted.keys();
  if (missing !== undefined) throw damaged(`has no ${missing}`);
};

/** Unlike what yauzl and zlib throw. */
const isOfSystem = (thrown: unknown): boolean => typeof (thrown as { syscall?: unknown } | null)?.syscall === 'string';

const writeEntry = async (
  openStream: () => Promise<Readable>,
  path: string,
  { bytes }: WheelFile,
  signal: AbortSignal,
): Promise<void> => {
  const handle = await open(path, 'wx', 0o644);
  let written = 0;
  try {
    /* No await between opening and reading: an error event without a listener would end the process. */
    for await (const part of (await openStream()) as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      written += part.length;
      /* yauzl checks it too, by the size that the wheel tells. */
      if (written > bytes) throw new Error(`${path} is longer than ${bytes} bytes`);
      await writeAll(handle, part);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
};
