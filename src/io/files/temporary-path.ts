/** Names of temporary files. */
import { createHash, randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { pid } from 'node:process';

/** Hidden, short for any final name, and unique: process number, hash of the final name, and random digits for other machines. */
export const temporaryPath = (path: string): string =>
  join(dirname(path), `.sdxl-refine-${pid}-${nameHash(path)}${randomBytes(4).toString('hex')}.tmp`);

/** Mark of a file's name in its temporary name. */
export const nameHash = (path: string): string => createHash('sha1').update(basename(path)).digest('hex').slice(0, 8);

/** Groups: process number, and the mark of the final name. */
export const TEMPORARY = /^\.sdxl-refine-(\d+)-([\da-f]{8})[\da-f]{8}\.tmp$/;
