/** Checks of the output folder before a run starts. */
import { lstat, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listSome, messageOf, RefineError } from '../../errors.js';
import { makeFolder } from '../../io/files/make-folder.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { closeFile } from '../../io/files/close-file.js';
import { outputUnwritable } from '../results/output-error.js';
import { temporaryPath } from '../../io/files/temporary-path.js';
import { exists, isTaken } from '../../io/files/exists.js';
import { expectInside } from './expect-inside.js';

/** Names listed in the message; the others are counted. */
const NAMED = 3;

/** A folder that cannot be written, by the option that named it. The reason is plain where the place is a file. */
export const folderUnwritable = async (folder: string, option: string, cause?: unknown): Promise<RefineError> => {
  const file = await fileOnTheWay(folder);
  const why = file === null ? messageOf(cause) : file === folder ? 'it is a file' : `${file} is a file`;
  return new RefineError(
    'OUTPUT_UNWRITABLE',
    `Cannot write to the output folder ${folder}: ${why}. Choose another with ${option}.`,
    { context: { folder }, cause },
  );
};

/** The folder's path, or the nearest one above it that exists, if that is no folder; else null. */
export const fileOnTheWay = async (path: string): Promise<string | null> => {
  const found = await stat(path).catch(() => null);
  if (found !== null) return found.isDirectory() ? null : path;
  return dirname(path) === path ? null : fileOnTheWay(dirname(path));
};

/**
 * Creates the folder and tests that it is writable.
 * @param option that names the folder
 * @returns whether the folder is new
 * @throws OUTPUT_UNWRITABLE
 */
export const makeOutputFolder = async (folder: string, option = '--output-dir'): Promise<boolean> => {
  const trial = temporaryPath(join(folder, 'trial'));
  try {
    const isNew = await makeFolder(folder);
    await closeFile(await open(trial, 'wx'));
    await rm(trial, { force: true });
    return isNew;
  } catch (cause) {
    throw await folderUnwritable(folder, option, cause);
  }
};

/** The time of a folder's file system in milliseconds; a file server's clock may differ from this machine's. */
export const fileSystemTime = async (folder: string): Promise<number> => {
  const trial = temporaryPath(join(folder, 'trial'));
  try {
    await closeFile(await open(trial, 'wx'));
    return (await lstat(trial)).ctimeMs;
  } catch (cause) {
    throw outputUnwritable(trial, cause);
  } finally {
    /* `clearTemporaries` removes it if this fails. */
    await rm(trial, { force: true }).catch(() => undefined);
  }
};

/** @throws OUTPUT_UNWRITABLE if the folder was removed */
export const expectOutputFolder = async (folder: string): Promise<void> => {
  if (await exists(folder)) return;
  throw new RefineError(
    'OUTPUT_UNWRITABLE',
    `Expected the output folder ${folder}, but it was removed during the run. Nothing more is written; run the command again to start over.`,
    { context: { folder } },
  );
};

/**
 * @param names files that the run writes besides the rows' outputs
 * @throws OUTPUT_EXISTS naming files that would be overwritten, OUTPUT_UNWRITABLE if links lead out of the folder
 */
export const refuseExisting = async (
  folder: string,
  names: readonly string[],
  rows: AsyncIterable<Row | InvalidRow>,
): Promise<void> => {
  /* Nothing can be overwritten in an empty folder: a long manifest need not be read again. */
  if ((await readdir(folder)).every((name) => name.startsWith('.sdxl-refine'))) return;
  const existing: string[] = [];
  let count = 0;
  const check = async (name: string): Promise<void> => {
    await expectInside(folder, name);
    if (!(await isTaken(join(folder, name)))) return;
    if (count++ < NAMED) existing.push(name);
  };
  for (const name of names) await check(name);
  for await (const row of rows) if (!('error' in row)) for (const name of outputsOf(row)) await check(name);
  if (count === 0) return;
  throw new RefineError(
    'OUTPUT_EXISTS',
    `Expected an output folder without these files, found ${listSome(existing, NAMED, count)} in ${folder}. Give --append to add these rows to that run, --resume to continue it, --overwrite to replace ${count === 1 ? 'the file' : 'the files'}, or choose another --output-dir.`,
    { context: { folder, count } },
  );
};

/** The files that a row writes: its output, and the latents saved beside it. */
export const outputsOf = ({ output, generation }: Row): string[] =>
  generation?.latentsSuffix == null ? [output] : [output, output + generation.latentsSuffix];

/** @throws OUTPUT_EXISTS */
export const refuseExistingFile = async (path: string): Promise<void> => {
  if (!(await isTaken(path))) return;
  throw new RefineError(
    'OUTPUT_EXISTS',
    `Expected no file at ${path}, found one. Choose another name, or give --overwrite to replace it.`,
    {
      context: { path },
    },
  );
};
