/** Parses the first 8 bytes of a safetensors file: the length of its header. Pure. */
import { headerError, incompleteError } from './header-error.js';

export const PREFIX_BYTES = 8;
/** Limit of the reference implementation (`MAX_HEADER_SIZE`, safetensors 0.8.0). SDXL's largest checkpoint has a header of about 300 KB. */
const MAX_HEADER_BYTES = 100_000_000;
/** The beginning of a Git LFS pointer, which replaces large files in a clone without Git LFS. */
const LFS_POINTER = 'version ';

/**
 * @param prefix the first 8 bytes, or fewer if the file is shorter
 * @param fileSize bytes of the whole file
 * @param where names the file in messages
 * @returns bytes of the header that follows
 * @throws WEIGHTS_HEADER_INVALID
 */
export const parseHeaderLength = (prefix: Uint8Array, fileSize: number, where: string): number => {
  if (prefix.length < PREFIX_BYTES) {
    throw headerError(where, `the file has ${fileSize} bytes, less than the ${PREFIX_BYTES} of the header's length`);
  }
  if (new TextDecoder('latin1').decode(prefix) === LFS_POINTER) {
    throw headerError(where, 'this is a Git LFS pointer, not the file itself', 'Run "git lfs pull" in its folder.');
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    const what = `its header claims ${length.toString()} bytes, more than ${MAX_HEADER_BYTES}`;
    throw headerError(where, `${what}: this is not a safetensors file`);
  }
  const end = PREFIX_BYTES + Number(length);
  if (end > fileSize) throw incompleteError(where, fileSize, `at least ${end}`);
  return Number(length);
};
