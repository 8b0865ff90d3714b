/**
 * A prepared file: weights converted from the user's (int8, NCHWc, Winograd), cached on disk and mapped like the originals. Several
 * processes may write it at once; each writes a temporary file and renames it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { env, pid } from 'node:process';
import { isRefineError, messageOf, RefineError } from '../../../errors.js';
import { clearAbandoned, isFileOlderThan } from '../../../io/files/clear-abandoned.js';
import { preparedFolder } from '../../../io/files/cache-folders.js';
import { TEMPORARY } from '../../../io/files/temporary-path.js';
import { makeFolder } from '../../../io/files/make-folder.js';
import { writeAll } from '../../../io/files/write-all.js';
import { fingerprintFile } from '../discovery/fingerprint-model.js';
import type { WeightMap } from '../weight-map.js';

/** Kinds of files, with the version of their contents. */
const KINDS = { int8: 1, transformed: 4 } as const;
export type PreparedKind = keyof typeof KINDS;

/** Tensors begin at multiples of a cache line. */
const ALIGNMENT = 64;
const NAME_LENGTH = 32;
/** Names of prepared files and of their temporary files: the folder may be the user's own, with other files. */
export const PREPARED = /^[0-9a-f]{32}\.(?<kind>[a-z]\w*)(?<unfinished>\.\d+-[0-9a-f]{8}\.tmp)?$/;
/** A temporary file unchanged for so long belongs to a process that has ended. */
export const ABANDONED_MS = 60 * 60_000;
const ELEMENT_BYTES = { I8: 1, F32: 4 } as const;

/** A tensor's range in the file. */
export interface Place {
  readonly file: string;
  readonly offset: number;
  readonly byteLength: number;
  readonly dtype: keyof typeof ELEMENT_BYTES;
  readonly shape: readonly number[];
}

/** Writes numbers at an offset in bytes. */
export type Put = (data: Int8Array | Float32Array, offset: number) => Promise<void>;

export class PreparedFile {
  readonly #work: ((put: Put) => Promise<void>)[] = [];
  #byteLength = 0;

  private constructor(readonly file: string) {}

  /**
   * The file for these weights, written or not: its name is a digest of their sizes, times, offsets and samples.
   * @param making other parameters of its contents
   * @param folder created if it is missing
   * @throws WEIGHTS_FILE_MISSING, CACHE_UNWRITABLE
   */
  static async of(
    weights: WeightMap,
    kind: PreparedKind,
    making: Readonly<Record<string, string | number | null>> = {},
    folder = preparedFolder(env),
  ): Promise<PreparedFile> {
    const hash = createHash('sha256').update(JSON.stringify([kind, KINDS[kind], making]));
    for (const path of weights.files) {
      const { size, mtimeMs } = await stat(path).catch((cause: unknown) => {
        const message = `Cannot read the weights ${path}: ${messageOf(cause)}. Check that the model's files are still there.`;
        throw new RefineError('WEIGHTS_FILE_MISSING', message, { context: { file: path }, cause });
      });
      /* Fine-tunes of one model have equal sizes and headers, and may have equal times. */
      hash.update(JSON.stringify([size, mtimeMs, await fingerprintFile(path)]));
    }
    for (const [name, { dtype, shape, offset }] of weights.entries()) {
      hash.update(JSON.stringify([name, dtype, shape, offset]));
    }
    const place = await realFolder(folder, weights.files);
    return new PreparedFile(join(place, `${hash.digest('hex').slice(0, NAME_LENGTH)}.${kind}`));
  }

  /** Reserves the next place. Equal calls in equal order give equal places. */
  reserve(dtype: Place['dtype'], shape: readonly number[]): Place {
    const offset = this.#byteLength;
    const byteLength = shape.reduce((count, side) => count * side, ELEMENT_BYTES[dtype]);
    this.#byteLength = Math.ceil((offset + byteLength) / ALIGNMENT) * ALIGNMENT;
    return { file: this.file, offset, byteLength, dtype, shape };
  }

  /** Adds the code that fills places, if the file has to be written. */
  fill(work: (put: Put) => Promise<void>): void {
    this.#work.push(work);
  }

  /**
   * Writes the file, unless it exists or is empty.
   * @throws CACHE_UNWRITABLE, WEIGHTS_FILE_MISSING; no partial file remains
   */
  async make(): Promise<void> {
    if (this.#work.length === 0) return;
    const status = await stat(this.file).catch(() => null);
    if (status?.size === this.#byteLength) {
      /* Marks the last use, also on disks without access times. */
      await utimes(this.file, new Date(), status.mtime).catch(() => undefined);
      return;
    }
    await clearAbandoned(dirname(this.file), isTemporary, isFileOlderThan(ABANDONED_MS));
    const temporary = `${this.file}.${pid}-${randomBytes(4).toString('hex')}.tmp`;
    try {
      await this.#write(temporary);
      await rename(temporary, this.file);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined);
      if (isRefineError(cause)) throw cause;
      throw unwritable(`${this.file} (${this.#byteLength} bytes)`, messageOf(cause), cause);
    }
  }

  async #write(path: string): Promise<void> {
    const handle = await open(path, 'wx');
    try {
      for (const work of this.#work) await work((data, offset) => writeAll(handle, data, offset));
      await handle.truncate(this.#byteLength);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

const isTemporary = (name: string): boolean =>
  PREPARED.exec(name)?.groups?.['unfinished'] !== undefined || TEMPORARY.test(name);

/** ONNX Runtime maps the files of a session from below one folder, and follows no link out of it. */
const realFolder = async (folder: string, weights: readonly string[]): Promise<string> => {
  let real: string;
  try {
    await makeFolder(folder);
    real = await realpath(folder);
  } catch (cause) {
    throw unwritable(folder, messageOf(cause), cause);
  }
  const apart = weights.find((file) => parse(file).root !== parse(real).root);
  if (apart !== undefined) throw unwritable(folder, `it is on another drive than ${apart}`);
  return real;
};

const unwritable = (where: string, why: string, cause?: unknown): RefineError => {
  const message =
    `Cannot write prepared weights to ${where}: ${why}. Set SDXL_REFINE_CACHE to another folder with ` +
    'room, or leave out --precision int8, --cache-weights and --speed fast, which need such files.';
  return new RefineError('CACHE_UNWRITABLE', message, { context: { where }, cause });
};
