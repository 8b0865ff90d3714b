/** Digests by which the hub identifies files. */
import { createHash, type Hash } from 'node:crypto';
import type { RemoteFile } from './read-repository.js';

/** The hash of the digest's kind: SHA-256 of the bytes (large files), or git's SHA-1 of a blob ("blob", size, NUL, bytes). */
export const beginDigest = ({ digest, size }: Pick<RemoteFile, 'digest' | 'size'>): Hash =>
  digest.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
