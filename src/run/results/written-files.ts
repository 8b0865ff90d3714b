/**
 * Which files in the folder its runs wrote, where no line of the results says so: a killed run leaves pictures whose line was
 * not written yet. A file is known by its name and its bytes, so that other programs' files are not mistaken for one.
 */
import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCodeOf } from '../../errors.js';
import { closeFile } from '../../io/files/close-file.js';
import { sha256Of } from '../../io/files/hash-file.js';
import { readChunks } from '../../io/files/open-file.js';
import { syncFolder } from '../../io/files/sync-folder.js';
import { APPENDING } from './journal.js';
import { outputUnwritable } from './output-error.js';

export interface WrittenFiles {
  /** Before a file gets its name; on the disk when the promise resolves. @throws OUTPUT_UNWRITABLE */
  claim(name: string, bytes: Uint8Array): Promise<void>;
  /** The results list it now, or it did not get its name. */
  settle(name: string): Promise<void>;
  /** Marks of the newest files, to remember: a journal may lose its end, and a backup be older than the pictures. */
  readonly newest: readonly string[];
  /** Removes the note where `newest` is kept elsewhere, unless there are files that no line lists. */
  close(isRemembered: boolean): Promise<void>;
}

/** Marks that are remembered when a run ends, some 20 KB of them. */
const REMEMBERED = 1024;
/** Of 17 bytes each. A note that is longer begins anew when there is nothing in it to know. */
const NOTED = 1024;
const MARK_DIGITS = 16;

/** @param digest of the file's bytes */
const markOf = (name: string, digest: string): string =>
  createHash('sha256').update(`${name}\n${digest}`).digest('hex').slice(0, MARK_DIGITS);

/** @param path of the file that is called `name` in the folder @throws what the system says, FileRefused */
export const markOfFile = async (name: string, path: string): Promise<string> =>
  markOf(name, await sha256Of(readChunks(path, 'output')));

const noteFile = (folder: string, part: string): string => join(folder, `.sdxl-refine-written${part}.txt`);

/** The marks that a killed run left. A torn last one is passed over. @throws OUTPUT_UNWRITABLE */
export async function* readNotedMarks(folder: string, part: string): AsyncGenerator<string> {
  const path = noteFile(folder, part);
  let rest = '';
  try {
    for await (const chunk of readChunks(path, 'results')) {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = (lines.pop() ?? '').slice(0, MARK_DIGITS + 1);
      for (const line of lines) if (line.length === MARK_DIGITS) yield line;
    }
  } catch (cause) {
    if (systemCodeOf(cause) !== 'ENOENT') throw outputUnwritable(path, cause);
  }
}

/** What a killed run left stays before, and a torn mark there gets its end. */
const openNote = async (path: string): Promise<FileHandle> => {
  const handle = await open(path, APPENDING);
  if ((await handle.stat()).size > 0) await handle.appendFile('\n');
  else await syncFolder(dirname(path));
  return handle;
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
  for await (const mark of readNotedMarks(folder, part)) {
    newest.push(mark);
    if (newest.length > 2 * REMEMBERED) newest = newest.slice(-REMEMBERED);
  }
  let noted = 0;
  let handle: FileHandle | null = null;
  const note = async (mark: string): Promise<void> => {
    handle ??= await openNote(path);
    await handle.appendFile(`${mark}\n`);
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
        newest.push(mark);
        if (newest.length > 2 * REMEMBERED) newest = newest.slice(-REMEMBERED);
        noted++;
        await note(mark).catch((cause: unknown) => {
          throw outputUnwritable(path, cause);
        });
      }),
    settle: (name) =>
      enqueue(async () => {
        pending.delete(name);
        if (pending.size > 0 || noted < NOTED) return;
        noted = 0;
        /* What is listed needs no note; that it stays a little longer is no harm. */
        await handle?.truncate(0).catch(() => undefined);
      }),
    get newest() {
      return newest.slice(-REMEMBERED);
    },
    close: async (isRemembered) => {
      await last;
      if (handle !== null) await closeFile(handle);
      handle = null;
      /* That it stays is no harm. */
      if (isRemembered && pending.size === 0) await rm(path, { force: true }).catch(() => undefined);
    },
  };
};
