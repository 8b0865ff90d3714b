/** Makes a temporary folder for a command. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, RefineError } from '../../errors.js';

/** The caller removes it. @throws OUTPUT_UNWRITABLE */
export const makeScratchFolder = (): Promise<string> =>
  mkdtemp(join(tmpdir(), 'sdxl-refine-')).catch((cause: unknown) => {
    const message = `Cannot make a temporary folder in ${tmpdir()}: ${messageOf(cause)}. Set TMPDIR to a folder that can be written.`;
    throw new RefineError('OUTPUT_UNWRITABLE', message, { cause });
  });
