/** Wheels whose files are in the cache: which are there, and their removal. */
import { readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { systemCodeOf } from '../../errors.js';
import { readFileText } from '../../io/files/open-file.js';
import { folderNameOf, type Wheel } from './cuda-wheels.js';

export interface AddedWheel {
  folder: string;
  project: string;
  version: string;
  files: readonly { name: string; bytes: number }[];
}

/** Written last into a wheel's folder: what was put there. */
export const NOTE = 'wheel.json';
/** Wheels that are still coming. */
export const DOWNLOADS = 'downloads';
/** Ends the name of a folder that is not yet whole, and of one that is being removed. */
export const UNFINISHED = '.partial';
const LEAVING = '.removed';

/** A name that stays in its folder. */
const FILE_NAME = /^[\w][\w.+-]*$/;
export const noteSchema = z.object({
  project: z.string().regex(FILE_NAME),
  version: z.string().regex(FILE_NAME),
  sha256: z.string(),
  files: z.array(z.object({ name: z.string().regex(FILE_NAME), bytes: z.int().min(0) })),
});
export type WheelNote = z.infer<typeof noteSchema>;

/** Folder of a wheel's files; null: it was not added. */
export const addedFolder = async (
  libraries: string,
  wheel: Pick<Wheel, 'project' | 'version'>,
): Promise<string | null> => {
  const folder = join(libraries, folderNameOf(wheel));
  return (await readNote(folder)) === null ? null : folder;
};

/** Of this version and others, by name. Empty where there is no folder. */
export const listAdded = async (libraries: string): Promise<AddedWheel[]> => {
  const names = await readdir(libraries).catch((): string[] => []);
  const found = await Promise.all(
    names.sort().map(async (name): Promise<AddedWheel | null> => {
      const folder = join(libraries, name);
      const note = name.endsWith(UNFINISHED) ? null : await readNote(folder);
      return note === null ? null : { folder, project: note.project, version: note.version, files: note.files };
    }),
  );
  return found.filter((wheel) => wheel !== null);
};

const readNote = async (folder: string): Promise<WheelNote | null> => {
  try {
    return noteSchema.parse(JSON.parse(await readFileText(join(folder, NOTE), 'note')));
  } catch {
    return null;
  }
};

/**
 * Removes what was added, and nothing else: a folder that has other files stays, with those. The name goes first, so that a
 * folder that is half gone is not taken for a whole one.
 * @returns folders that stay
 * @throws what the system says
 */
export const removeAdded = async (libraries: string, wheels: readonly AddedWheel[]): Promise<string[]> => {
  const stay: string[] = [];
  /* What an earlier removal left comes first: it has the names that the others get. */
  const isLeft = ({ folder }: AddedWheel): boolean => folder.endsWith(LEAVING);
  for (const { folder, files } of [...wheels.filter(isLeft), ...wheels.filter((wheel) => !isLeft(wheel))]) {
    const leaving = folder.endsWith(LEAVING) ? folder : `${folder}${LEAVING}`;
    if (leaving !== folder) await rename(folder, leaving);
    for (const { name } of files) await rm(join(leaving, name), { force: true });
    await rm(join(leaving, NOTE), { force: true });
    if (!(await removeIfEmpty(leaving))) stay.push(leaving);
  }
  await removeUnfinished(libraries);
  return stay;
};

/** Bytes of downloads and folders that are not whole. */
export const unfinishedBytes = async (libraries: string): Promise<number> => {
  const files = await filesOf(await unfinishedFolders(libraries));
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
};

/** @throws what the system says */
export const removeUnfinished = async (libraries: string): Promise<void> => {
  const folders = await unfinishedFolders(libraries);
  for (const file of await filesOf(folders)) await rm(file, { force: true });
  for (const folder of folders) await removeIfEmpty(folder);
};

const unfinishedFolders = async (libraries: string): Promise<string[]> => {
  const names = await readdir(libraries).catch(() => []);
  return names.filter((name) => name === DOWNLOADS || name.endsWith(UNFINISHED)).map((name) => join(libraries, name));
};

const filesOf = async (folders: readonly string[]): Promise<string[]> => {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
    }),
  );
  return lists.flat();
};

/** @returns whether it is gone @throws what the system says */
export const removeIfEmpty = (folder: string): Promise<boolean> =>
  rmdir(folder).then(
    () => true,
    (cause: unknown) => {
      const code = systemCodeOf(cause);
      if (code === 'ENOENT') return true;
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
      throw cause;
    },
  );
