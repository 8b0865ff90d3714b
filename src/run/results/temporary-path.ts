/** Names of temporary files. */
import { createHash, randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { pid } from 'node:process';

/** Hidden, short however long the final name is, and of one writer only: its process, what it writes, and chance for other machines. */
export const temporaryPath = (path: string): string =>
  join(dirname(path), `.sdxl-refine-${pid}-${nameHash(path)}${randomBytes(4).toString('hex')}.tmp`);

/** What a file's name is told by in its temporary one. */
export const nameHash = (path: string): string => createHash('sha1').update(basename(path)).digest('hex').slice(0, 8);

/** Of a temporary file's name: its process, and the mark of what it was to become. */
export const TEMPORARY = /^\.sdxl-refine-(\d+)-([\da-f]{8})[\da-f]{8}\.tmp$/;
