/** Which row has which id and which output, in numbers alone: names are hashed, so that a row costs some bytes. */
import { createHash } from 'node:crypto';
import { foldName } from './output-name.js';

/** 53 bits of SHA-1: that any two of a million names meet has a chance of 1 in 18 000. */
const hash = (text: string): number => {
  const digest = createHash('sha1').update(text).digest();
  return digest.readUIntBE(0, 6) * 32 + (digest.readUInt8(6) & 31);
};

const hashName = (path: string): number => hash(foldName(path));

/** Gives out names that no row has. One for each reading of the rows, so that each decides alike. */
export interface OutputNamer {
  /** `stem.png`, or `stem-2.png` and so on if that name is taken. @param extension without its dot */
  name(stem: string, extension: string): string;
  /** Whether this name was given out. */
  wasGiven(path: string): boolean;
}

/** What rows claim, first come first served. A row that claims again what is its own gets it again. */
export interface RowClaims {
  /** Index of the row that has this id: `index` itself, or an earlier row. */
  claimId(id: string, index: number): number;
  /** Index of the row that names this output. */
  claimOutput(path: string, index: number): number;
  /** Names beside all outputs that were claimed so far. */
  createNamer(): OutputNamer;
}

const claim = (owners: Map<number, number>, hashed: number, index: number): number => {
  const owner = owners.get(hashed);
  if (owner === undefined) owners.set(hashed, index);
  return owner ?? index;
};

export const createRowClaims = (): RowClaims => {
  const ids = new Map<number, number>();
  const outputs = new Map<number, number>();
  return {
    claimId: (id, index) => claim(ids, hash(id), index),
    claimOutput: (path, index) => claim(outputs, hashName(path), index),
    createNamer() {
      const given = new Set<number>();
      /** The suffix to try next for a stem, so that a thousand equal names cost a thousand tries. */
      const nextSuffix = new Map<number, number>();
      const isFree = (hashed: number): boolean => !given.has(hashed) && !outputs.has(hashed);
      return {
        name(stem, extension) {
          let name = `${stem}.${extension}`;
          let hashed = hashName(name);
          if (!isFree(hashed)) {
            const hashedStem = hashed;
            let suffix = nextSuffix.get(hashedStem) ?? 2;
            do {
              name = `${stem}-${suffix}.${extension}`;
              hashed = hashName(name);
              suffix += 1;
            } while (!isFree(hashed));
            nextSuffix.set(hashedStem, suffix);
          }
          given.add(hashed);
          return name;
        },
        wasGiven: (path) => given.has(hashName(path)),
      };
    },
  };
};
