/** Downloads a file into a folder; it appears there only complete and verified. */
import type { Hash } from 'node:crypto';
import { open, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { isRefineError, messageOf, type RefineError } from '../../errors.js';
import { addToHash } from '../files/hash-file.js';
import { makeFolder } from '../files/make-folder.js';
import { readChunks } from '../files/open-file.js';
import { writeAll } from '../files/write-all.js';
import type { Failed } from './send-request.js';

/** A file whose size and digest are known before its download. */
export interface ListedFile {
  /** Its name in messages. */
  name: string;
  size: number;
  /** Hexadecimal; the file's name in the folder. */
  digest: string;
  beginDigest: () => Hash;
  /** Source of size and digest, in messages: `the hub`. */
  listedBy: string;
}

export interface DownloadOptions {
  folder: string;
  /** Requests the file. @param from first byte wanted; a status other than 206 means that the whole file is sent */
  ask: (from: number) => Promise<Response>;
  /** Called with the number of new bytes, including those of an earlier, interrupted download; negative if they are discarded. */
  onBytes: (count: number) => void;
  signal: AbortSignal;
  /** Whether a process of this machine is alive. */
  isAlive: (pid: number) => boolean;
  failed: Failed;
  unwritable: (path: string, cause: unknown) => RefineError;
}

/**
 * A partial file is kept after an interruption. Its name has the process number; a later process takes it over once this one has ended.
 * @returns the file's path
 * @throws the errors of `ask`, `failed` and `unwritable`, the signal's reason
 */
export const downloadFile = async (file: ListedFile, options: DownloadOptions): Promise<string> => {
  const { folder, ask, onBytes } = options;
  const whole = join(folder, file.digest);
  if (await hasSize(whole, file.size)) {
    onBytes(file.size);
    return whole;
  }
  try {
    await makeFolder(folder);
    const partial = await ownPartial(file, options);
    let hash = file.beginDigest();
    let have = await addToHash(hash, readChunks(partial, 'download'));
    onBytes(have);
    if (have < file.size) {
      const response = await ask(have);
      if (have > 0 && response.status !== 206) {
        /* The server sends the whole file. */
        await truncate(partial, 0);
        onBytes(-have);
        have = 0;
        hash = file.beginDigest();
      }
      have += await append(partial, response, { file, have, hash, options });
    }
    await expectWhole(partial, { file, have, digest: hash.digest('hex'), options });
    await rename(partial, whole);
    return whole;
  } catch (thrown) {
    options.signal.throwIfAborted();
    if (isRefineError(thrown)) throw thrown;
    throw options.unwritable(whole, thrown);
  }
};

const hasSize = (path: string, size: number): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.size === size,
    () => false,
  );

/** This process's partial file: the longest that an ended process left, else its own or a new one. */
const ownPartial = async (
  { digest, size }: ListedFile,
  { folder, isAlive }: Pick<DownloadOptions, 'folder' | 'isAlive'>,
): Promise<string> => {
  const name = (owner: number): string => `${digest}.${hostname()}-${owner}.incomplete`;
  const own = join(folder, name(pid));
  const left = (await readdir(folder)).filter((other) => {
    const [, owner] = /-(\d+)\.incomplete$/.exec(other) ?? [];
    return owner !== undefined && other === name(Number(owner)) && Number(owner) !== pid && !isAlive(Number(owner));
  });
  const sizes = await Promise.all(
    left.map(async (other) => ({ other, bytes: (await stat(join(folder, other))).size })),
  );
  const [longest] = sizes.filter(({ bytes }) => bytes <= size).sort((a, b) => b.bytes - a.bytes);
  const ownBytes = await stat(own).then(
    ({ size: bytes }) => bytes,
    () => -1,
  );
  if (longest !== undefined && longest.bytes > ownBytes) await rename(join(folder, longest.other), own);
  await (await open(own, 'a')).close();
  return own;
};

interface Arriving {
  file: ListedFile;
  have: number;
  hash: Hash;
  options: DownloadOptions;
}

const append = async (
  partial: string,
  response: Response,
  { file, have, hash, options }: Arriving,
): Promise<number> => {
  const handle = await open(partial, 'a');
  let received = 0;
  try {
    for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      received += part.length;
      if (have + received > file.size) break;
      await writeAll(handle, part);
      hash.update(part);
      options.onBytes(part.length);
    }
    await handle.sync();
  } catch (thrown) {
    if (!isTransfer(thrown)) throw thrown;
    const message = `The download of ${file.name} broke off: ${messageOf(thrown)}. Try again; what came is kept.`;
    throw options.failed(message, thrown);
  } finally {
    await handle.close();
  }
  return received;
};

/** fetch's stream fails with a TypeError; the disk with a system error. */
const isTransfer = (thrown: unknown): boolean => (thrown as { name?: unknown }).name === 'TypeError';

const expectWhole = async (
  partial: string,
  { file, have, digest, options }: Omit<Arriving, 'hash'> & { digest: string },
): Promise<void> => {
  if (have < file.size) {
    throw options.failed(
      `The download of ${file.name} broke off at ${have} of ${file.size} bytes. Try again; what came is kept.`,
    );
  }
  if (have === file.size && digest === file.digest) return;
  await rm(partial, { force: true });
  throw options.failed(
    `What came as ${file.name} is not the file that ${file.listedBy} lists (${digest} instead of ${file.digest}). Try again.`,
  );
};
