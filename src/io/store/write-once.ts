/** Objects that two writers may write at once: each appears once, and both learn which. */
import { createHash } from 'node:crypto';
import { addToHash } from '../files/hash-file.js';
import type { Store } from './store.js';

export interface Digest {
  /** Bytes. */
  size: number;
  /** Hexadecimal. */
  sha256: string;
}

/** @returns null if the store has these bytes now, whoever wrote them; else what it had before, which it keeps @throws STORE_* */
export const writeOnce = async (store: Store, name: string, bytes: Uint8Array): Promise<Digest | null> => {
  if (await store.writeNew(name, bytes)) return null;
  const there = await digestOf(store, name);
  return there.sha256 === createHash('sha256').update(bytes).digest('hex') ? null : there;
};

/** Reads an object that another program wrote, without a digest. */
const digestOf = async (store: Store, name: string): Promise<Digest> => {
  const state = await store.stat(name);
  if (state !== null && state.sha256 !== null) return { size: state.size, sha256: state.sha256 };
  const hash = createHash('sha256');
  const size = await addToHash(hash, store.stream(name));
  return { size, sha256: hash.digest('hex') };
};
