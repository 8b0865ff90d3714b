/** Digests of files that are read in chunks. */
import { createHash, type Hash } from 'node:crypto';

/** @param chunks of `readChunks` or `chunksOf` @returns number of bytes added */
export const addToHash = async (hash: Hash, chunks: AsyncIterable<Uint8Array>): Promise<number> => {
  let length = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    length += chunk.length;
  }
  return length;
};

/** SHA-256 in hexadecimal. */
export const sha256Of = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  const hash = createHash('sha256');
  await addToHash(hash, chunks);
  return hash.digest('hex');
};
