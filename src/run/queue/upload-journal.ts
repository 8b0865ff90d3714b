/** A journal whose rows' pictures go to the store: each exactly once. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import type { Store } from '../../io/store/store.js';
import type { ResultRecord } from '../../records/result.js';
import type { Journal } from '../results/journal.js';
import { writtenFile, type WrittenFile } from '../results/result-record.js';
import { PICTURES } from './store-names.js';

export interface UploadOptions {
  store: Store;
  /** In which rows leave their pictures, for a moment. */
  folder: string;
  /** Nothing is written once it is aborted. */
  signal: AbortSignal;
  /** Called with each result, in the order of rows. */
  onResult: (record: ResultRecord) => Promise<void>;
}

export const createUploadJournal = ({ store, folder, signal, onResult }: UploadOptions): Journal => ({
  begin: 0,
  append: async (record) => {
    const { status, image_file_name: name } = record;
    if (status !== 'ok' || name === null) return onResult(record);
    const path = join(folder, name);
    /* Of the run's own making, in its own folder, and just written. */
    const bytes = await readFile(path);
    signal.throwIfAborted();
    const kept = await putOnce(store, PICTURES + name, bytes);
    await rm(path, { force: true });
    await onResult(kept === null ? record : withPicture(record, kept));
  },
  close: () => Promise.resolve(),
});

const KEPT =
  'Another worker had written this picture with other bytes; that one is kept. Devices and libraries differ in their last digits.';

const withPicture = (record: ResultRecord, { bytes, sha256 }: WrittenFile): ResultRecord => ({
  ...record,
  output_bytes: bytes,
  output_sha256: sha256,
  warnings: [...(record.warnings ?? []), KEPT],
});

/** @returns null if the store has these bytes now, else what it had before and keeps */
const putOnce = async (store: Store, name: string, bytes: Uint8Array): Promise<WrittenFile | null> => {
  if (await store.writeNew(name, bytes)) return null;
  const own = writtenFile(bytes);
  const there = await stateOf(store, name);
  return there.sha256 === own.sha256 ? null : there;
};

const stateOf = async (store: Store, name: string): Promise<WrittenFile> => {
  const state = await store.stat(name);
  if (state !== null && state.sha256 !== null) return { bytes: state.size, sha256: state.sha256 };
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of store.stream(name)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
};
