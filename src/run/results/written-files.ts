/**
 * Records files that a folder's runs wrote and no line of the results lists: a killed run leaves pictures without a line. A
 * mark is made from name and bytes, so that another program's file is not mistaken for one.
 */
import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCodeOf } from '../../errors.js';
import { closeFile } from '../../io/files/close-file.js';
import { sha256Of } from '../../io/files/hash-file.js';
import { createNameTable, keyOf } from '../../io/files/name-table.js';
import { readChunks } from '../../io/files/open-file.js';
import { syncFolder } from '../../io/files/sync-folder.js';
import { APPENDING } from './journal.js';
import { outputUnwritable } from './output-error.js';

export interface WrittenFiles {
  /** Call before a file gets its name; the mark is on disk when the promise resolves. @throws OUTPUT_UNWRITABLE */
  claim(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * Whether a killed run may have written other bytes to the file than the results list: it noted others, and has no line of them.
   * @param sha256 of the file that the newest line lists
   */
  isDoubtful(name: string, sha256: string): boolean;
  /** Call with an earlier run's file that stays, but that no line will list. @param sha256 of the file */
  remember(name: string, sha256: string): void;
  /** Call once the results list the file, or if it did not get its name. */
  settle(name: string): Promise<void>;
  /** Marks of the newest files, for the run's state: a journal may lose its end, and a backup may be older than the pictures. */
  readonly newest: readonly string[];
  /**
   * Closes the note; removes it if `newest` was saved and no file is unlisted.
   * @param isWhole whether the run met all rows: otherwise what killed runs noted stays
   */
  close(isRemembered: boolean, isWhole?: boolean): Promise<void>;
}

/** Marks that the run's state keeps, some 20 KB. */
const REMEMBERED = 1024;
/** Marks in a note, of 38 bytes each, after which it is truncated once all its files are listed. */
const NOTED = 1024;
const MARK_DIGITS = 16;
/** A mark, and the key of its name. Earlier versions wrote the mark alone. */
const LINE = /^([\da-f]{16})(?: ([\da-f]{20}))?$/;
const LINE_DIGITS = 37;
/** Of a mark, as a number. */
const COMPARED_DIGITS = 11;

/** @param digest of the file's bytes */
const markOf = (name: string, digest: string): string =>
  createHash('sha256').update(`${name}\n${digest}`).digest('hex').slice(0, MARK_DIGITS);

/** @param path of the file that has `name` in the folder @throws the system's error, FileRefused */
export const markOfFile = async (name: string, path: string): Promise<string> =>
  markOf(name, await sha256Of(readChunks(path, 'output')));

const numberOf = (mark: string): number => Number.parseInt(mark.slice(0, COMPARED_DIGITS), 16);

const noteFile = (folder: string, part: string): string => join(folder, `.sdxl-refine-written${part}.txt`);

/** Marks of a killed run. @throws OUTPUT_UNWRITABLE */
export async function* readNotedMarks(folder: string, part: string): AsyncGenerator<string> {
  for await (const { mark } of readNote(folder, part)) yield mark;
}

/** A torn last mark is skipped. */
async function* readNote(folder: string, part: string): AsyncGenerator<{ mark: string; key: string | undefined }> {
  const path = noteFile(folder, part);
  let rest = '';
  try {
    for await (const chunk of readChunks(path, 'results')) {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = (lines.pop() ?? '').slice(0, LINE_DIGITS + 1);
      for (const line of lines) {
        const [, mark, key] = LINE.exec(line) ?? [];
        if (mark !== undefined) yield { mark, key };
      }
    }
  } catch (cause) {
    if (systemCodeOf(cause) !== 'ENOENT') throw outputUnwritable(path, cause);
  }
}

/** Keeps the marks of a killed run; a torn mark gets its newline. */
const openNote = async (path: string): Promise<FileHandle> => {
  const handle = await open(path, APPENDING);
  try {
    if ((await handle.stat()).size > 0) await handle.appendFile('\n');
    else await syncFolder(dirname(path));
    return handle;
  } catch (error) {
    await closeFile(handle);
    throw error;
  }
};

/** @param remembered marks of earlier runs @throws OUTPUT_UNWRITABLE */
export const openWrittenFiles = async (
  folder: string,
  part: string,
  remembered: readonly string[],
): Promise<WrittenFiles> => {
  const path = noteFile(folder, part);
  const pending = new Set<string>();
  let newest = remembered.slice(-REMEMBERED);
  const keep = (mark: string): void => {
    newest.push(mark);
    if (newest.length > 2 * REMEMBERED) newest = newest.slice(-REMEMBERED);
  };
  /** What killed runs noted last of each file. */
  const doubts = createNameTable();
  let hasDoubts = false;
  for await (const { mark, key } of readNote(folder, part)) {
    if (key !== undefined) {
      hasDoubts = true;
      doubts.set(Buffer.from(key, 'hex'), numberOf(mark));
    }
    keep(mark);
  }
  let noted = 0;
  let handle: FileHandle | null = null;
  const note = async (mark: string, name: string): Promise<void> => {
    handle ??= await openNote(path);
    await handle.appendFile(`${mark} ${keyOf(name).toString('hex')}\n`);
    await handle.datasync();
  };
  let last: Promise<void> = Promise.resolve();
  const enqueue = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    claim: (name, bytes) =>
      enqueue(async () => {
        const mark = markOf(name, createHash('sha256').update(bytes).digest('hex'));
        pending.add(name);
        keep(mark);
        noted++;
        await note(mark, name).catch((cause: unknown) => {
          throw outputUnwritable(path, cause);
        });
      }),
    remember: (name, sha256) => {
      keep(markOf(name, sha256));
    },
    isDoubtful: (name, sha256) => {
      const noted = doubts.get(keyOf(name));
      return noted !== undefined && noted !== numberOf(markOf(name, sha256));
    },
    settle: (name) =>
      enqueue(async () => {
        pending.delete(name);
        /* Doubts are needed until the run has met all rows. */
        if (pending.size > 0 || noted < NOTED || hasDoubts) return;
        noted = 0;
        /* Listed files need no note; if it stays, no harm is done. */
        await handle?.truncate(0).catch(() => undefined);
      }),
    get newest() {
      return newest.slice(-REMEMBERED);
    },
    close: async (isRemembered, isWhole = true) => {
      await last;
      if (handle !== null) await closeFile(handle);
      handle = null;
      doubts.close();
      /* If it stays, no harm is done. */
      if (isRemembered && pending.size === 0 && (isWhole || !hasDoubts))
        await rm(path, { force: true }).catch(() => undefined);
    },
  };
};
