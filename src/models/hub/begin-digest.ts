/** Digests that the hub knows files by. */
import { createHash, type Hash } from 'node:crypto';
import type { RemoteFile } from './read-repository.js';

/** The digest's own kind: SHA-256 of the bytes (large files), or SHA-1 as git names a blob (gitformat: "blob", size, NUL, bytes). */
export const beginDigest = ({ digest, size }: Pick<RemoteFile, 'digest' | 'size'>): Hash =>
  digest.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
