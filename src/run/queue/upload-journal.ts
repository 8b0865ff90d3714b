/** A journal whose rows' pictures go to the store: each exactly once. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../io/store/store.js';
import { writeOnce, type Digest } from '../../io/store/write-once.js';
import type { ResultRecord } from '../../records/result.js';
import type { Journal } from '../results/journal.js';
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
    const kept = await writeOnce(store, PICTURES + name, bytes);
    await rm(path, { force: true });
    await onResult(kept === null ? record : withPicture(record, kept));
  },
  close: () => Promise.resolve(),
});

const KEPT =
  'Another worker had written this picture with other bytes; that one is kept. Devices and libraries differ in their last digits.';

const withPicture = (record: ResultRecord, { size, sha256 }: Digest): ResultRecord => ({
  ...record,
  output_bytes: size,
  output_sha256: sha256,
  warnings: [...(record.warnings ?? []), KEPT],
});
