/** Temporary folders of commands. A killed command leaves its own; the next one on the machine removes it. */
import { lstat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { clearAbandoned } from '../../io/files/clear-abandoned.js';
import { ownHolder, parseHolder, stateOfHolder } from '../../io/files/lock-holder.js';
import { readFileText } from '../../io/files/open-file.js';
import { isAlive } from './is-process-alive.js';
import type { ProcessContext } from './process-context.js';

const PREFIX = 'sdxl-refine-run-';
/** What `mkdtemp` adds. */
const NAME = new RegExp(`^${PREFIX}[\\dA-Za-z]{6}$`);
/** In each folder: the process whose it is. */
const HOLDER = '.sdxl-refine-holder.json';

type Processes = Pick<ProcessContext, 'kill'>;

/** The caller removes it. @throws OUTPUT_UNWRITABLE */
export const makeScratchFolder = async (context: Processes, place = tmpdir()): Promise<string> => {
  /* Meanwhile: a folder for temporary files may have very many, and nothing depends on it. */
  void clearScratchFolders(context, place);
  let folder: string | null = null;
  try {
    folder = await mkdtemp(join(place, PREFIX));
    await writeFile(join(folder, HOLDER), JSON.stringify(await ownHolder()), { mode: 0o600 });
    return folder;
  } catch (cause) {
    if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    const message = `Cannot make a temporary folder in ${place}: ${messageOf(cause)}. Set TMPDIR to a folder that can be written.`;
    throw new RefineError('OUTPUT_UNWRITABLE', message, { cause });
  }
};

/** Removes those of commands that have ended. */
export const clearScratchFolders = (context: Processes, place: string): Promise<void> =>
  clearAbandoned(
    place,
    (name) => NAME.test(name),
    (folder) => isEnded(context, folder),
  );

/** A command that was killed between making its folder and naming itself there leaves one without a holder. */
const UNNAMED_MS = 24 * 3600 * 1000;

/** Others may make folders of this name where all users' temporary files are. */
const isEnded = async (context: Processes, folder: string): Promise<boolean> => {
  const stats = await lstat(folder);
  if (!stats.isDirectory() || (getuid !== undefined && stats.uid !== getuid())) return false;
  const note = await readFileText(join(folder, HOLDER), 'note').catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return null;
    throw cause;
  });
  if (note === null) return Date.now() - stats.mtimeMs > UNNAMED_MS;
  const holder = parseHolder(JSON.parse(note) as Record<string, unknown>);
  return holder !== null && (await stateOfHolder(holder, (pid) => isAlive(context, pid))) === 'ended';
};
