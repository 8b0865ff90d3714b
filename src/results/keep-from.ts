/** The end of a run that went on where another had stopped: its own lines are the results, one a row, in the rows' order. */
import { createReadStream } from 'node:fs';
import { writeAtomically } from './write-atomically.js';

/** Replaces a file by what it has from `offset` on, whole or not at all. @throws OUTPUT_UNWRITABLE */
export const keepFrom = (path: string, offset: number): Promise<void> =>
  writeAtomically(path, createReadStream(path, { start: offset }) as AsyncIterable<Buffer>);
