/** The outputs that a journal lists, and compact sets of names. */
import { createHash } from 'node:crypto';
import { closeFile } from '../../io/files/close-file.js';
import type { ResultRecord } from '../../records/result.js';
import { openEarlierJournal } from './open-earlier-journal.js';
import { readRecordsWithPositions } from './read-results.js';

/** A set of names, stored as 48-bit SHA-1 hashes: some bytes per name. */
export interface NameSet {
  add(name: string): void;
  has(name: string): boolean;
}

export const createNameSet = (): NameSet => {
  const hashes = new Set<number>();
  const hash = (name: string): number => createHash('sha1').update(name).digest().readUIntBE(0, 6);
  return {
    add: (name) => void hashes.add(hash(name)),
    has: (name) => hashes.has(hash(name)),
  };
};

/** Files that a result lists: the output, and the latents kept beside it. */
export const namesOf = ({ image_file_name: output, latents_file_name: latents }: ResultRecord): string[] =>
  [output, latents].filter((name) => typeof name === 'string');

/** Outputs in the lines from byte `start` to byte `end`. @throws OUTPUT_UNWRITABLE if the journal cannot be read */
export async function* listedOutputs(path: string, start = 0, end = Infinity): AsyncGenerator<string> {
  const handle = await openEarlierJournal(path);
  if (handle === null) return;
  try {
    for await (const [place, record] of readRecordsWithPositions(handle, start)) {
      if (place[0] >= end) return;
      yield* namesOf(record);
    }
  } finally {
    await closeFile(handle);
  }
}
