/** Owners of ids and outputs. Names are hashed, so that a row takes only some bytes. */
import { createHash } from 'node:crypto';
import { foldName } from './output-name.js';

/** 53 bits of SHA-1: among a million names, the probability of a collision is 1 in 18 000. */
const hash = (text: string): number => {
  const digest = createHash('sha1').update(text).digest();
  return digest.readUIntBE(0, 6) * 32 + (digest.readUInt8(6) & 31);
};

const hashName = (path: string): number => hash(foldName(path));

/** Makes names that no row has. Each reading of the rows needs a new one, to get the same names. */
export interface OutputNamer {
  /** `stem.png`, or `stem-2.png` and so on if that name is taken. @param extension without its dot */
  name(stem: string, extension: string): string;
  /** Whether `name` returned this name. */
  wasGiven(path: string): boolean;
}

/** Claims of rows; the first row gets the name, and may claim it again. */
export interface RowClaims {
  /** Index of the row that has this id: `index` itself, or an earlier row. */
  claimId(id: string, index: number): number;
  /** Index of the row that names this output. */
  claimOutput(path: string, index: number): number;
  /** Makes names that avoid all outputs claimed so far. */
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
      const issued = new Set<number>();
      /** The next suffix to try for a stem, so that a thousand equal names take a thousand tries. */
      const nextSuffix = new Map<number, number>();
      const isFree = (hashed: number): boolean => !issued.has(hashed) && !outputs.has(hashed);
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
          issued.add(hashed);
          return name;
        },
        wasGiven: (path) => issued.has(hashName(path)),
      };
    },
  };
};
