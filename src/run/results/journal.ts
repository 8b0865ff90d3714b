/** The journal `results.jsonl`: one complete line per row, synced to disk before the next row's line. */
import { jsonText } from '../../io/json/json-text.js';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../errors.js';
import { closeFile } from '../../io/files/close-file.js';
import { makeFolder } from '../../io/files/make-folder.js';
import { syncFolder } from '../../io/files/sync-folder.js';
import type { ResultRecord } from '../../records/result.js';
import { repairTornEnd } from './repair-torn-end.js';
import { outputUnwritable } from './output-error.js';

export interface Journal {
  /** Byte offset of this run's lines, after those of earlier runs. */
  readonly begin: number;
  /**
   * Writes one line; it is on disk when the promise resolves. Calls may overlap: their lines stay whole and in order.
   * @param options `isSynced` false: a power cut may take the line, since an earlier one says the same
   * @throws RefineError OUTPUT_UNWRITABLE
   */
  append(record: ResultRecord, options?: { isSynced?: boolean }): Promise<void>;
  /** Waits for pending writes, and closes. */
  close(): Promise<void>;
}

/** A line of results. U+2028 and U+2029 are escaped: some readers, such as Node's readline, take them for line ends. */
export const resultLine = (record: ResultRecord): string =>
  `${jsonText(record).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}\n`;

/** As 'a+', but does not follow links; Windows does not have the flag. */
const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants as Partial<typeof constants>;
export const APPENDING = (O_APPEND ?? 0) | (O_CREAT ?? 0) | (O_RDWR ?? 0) | (O_NOFOLLOW ?? 0);

/** Pipes and devices cannot be synced. */
const sync = async (handle: FileHandle): Promise<void> => {
  await handle.datasync().catch((error: unknown) => {
    if (systemCodeOf(error) !== 'EINVAL' && systemCodeOf(error) !== 'ENOTSUP') throw error;
  });
};

/**
 * Opens a journal for appending. Creates it and its folder if they are missing, and removes the torn last line of a killed
 * run.
 *
 * @throws RefineError OUTPUT_UNWRITABLE
 */
export const openJournal = async (path: string): Promise<Journal> => {
  const openFile = async (): Promise<[FileHandle, number]> => {
    await makeFolder(dirname(path));
    /* Links are not followed: lines would go to another file. */
    const handle = await open(path, APPENDING);
    try {
      await repairTornEnd(handle);
      const { size } = await handle.stat();
      /* A line survives a power cut only if its file's name does. */
      if (size === 0) await syncFolder(dirname(path));
      return [handle, size];
    } catch (error) {
      await closeFile(handle);
      throw error;
    }
  };
  const [handle, begin] = await openFile().catch((error: unknown) => {
    throw outputUnwritable(path, error);
  });
  const write = async (line: string, isSynced: boolean): Promise<void> => {
    /* A file without a name still accepts lines, but they are lost. */
    if ((await handle.stat()).nlink === 0) throw outputUnwritable(path, new Error('it was removed during the run'));
    try {
      await handle.appendFile(line);
      if (isSynced) await sync(handle);
    } catch (error) {
      // Removes the part of the line that fitted on a full disk; if this fails too, opening the journal again repairs it.
      await repairTornEnd(handle).catch(() => undefined);
      throw outputUnwritable(path, error);
    }
  };
  let last: Promise<void> = Promise.resolve();
  return {
    begin,
    append(record, { isSynced = true } = {}) {
      const line = resultLine(record);
      const written = last.then(() => write(line, isSynced));
      last = written.catch(() => undefined);
      return written;
    },
    async close() {
      await last;
      await closeFile(handle);
    },
  };
};
