/** Temporary folders of commands. A killed command leaves its own; the next one on the machine removes it. */
import { lstat, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { messageOf, RefineError } from '../../errors.js';
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

/** The caller removes it. @throws OUTPUT_UNWRITABLE */
export const makeScratchFolder = async (context: Pick<ProcessContext, 'kill'>, place = tmpdir()): Promise<string> => {
  await clearAbandoned(
    place,
    (name) => NAME.test(name),
    (folder) => isEnded(context, folder),
  );
  try {
    const folder = await mkdtemp(join(place, PREFIX));
    await writeFile(join(folder, HOLDER), JSON.stringify(await ownHolder()), { mode: 0o600 });
    return folder;
  } catch (cause) {
    const message = `Cannot make a temporary folder in ${place}: ${messageOf(cause)}. Set TMPDIR to a folder that can be written.`;
    throw new RefineError('OUTPUT_UNWRITABLE', message, { cause });
  }
};

/** Others may make folders of this name where all users' temporary files are. */
const isEnded = async (context: Pick<ProcessContext, 'kill'>, folder: string): Promise<boolean> => {
  const stats = await lstat(folder);
  if (!stats.isDirectory() || (getuid !== undefined && stats.uid !== getuid())) return false;
  const holder = parseHolder(JSON.parse(await readFileText(join(folder, HOLDER), 'note')) as Record<string, unknown>);
  return holder !== null && (await stateOfHolder(holder, (pid) => isAlive(context, pid))) === 'ended';
};
