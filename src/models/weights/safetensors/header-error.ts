/** Errors of invalid safetensors files. Pure. */
import { RefineError } from '../../../errors.js';

/**
 * @param where names the file in messages, and the invalid tensor if any
 * @param what is wrong
 */
export const headerError = (where: string, what: string, mend = MEND): RefineError =>
  new RefineError('WEIGHTS_HEADER_INVALID', `${where}: ${what}. ${mend}`, { context: { where } });
const MEND = 'Download the file again, and compare its size and SHA-256 with those of its publisher.';

/** The most common error: an interrupted download. */
export const incompleteError = (where: string, fileSize: number, needed: string): RefineError =>
  headerError(
    where,
    `the file is ${fileSize} bytes, its header needs ${needed}: the download is incomplete`,
    'Download it again.',
  );
