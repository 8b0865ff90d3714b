/** Owners of ids and outputs, in tables that leave memory when there are many. */
import { createNameTable, keyOf, type NameKey, type NameTable } from '../../../io/files/name-table.js';
import { foldName } from './output-name.js';

/** Makes names that no row has. Each reading of the rows needs a new one, to get the same names. */
export interface OutputNamer {
  /** `stem.png`, or `stem-2.png` and so on if that name is taken. @param extension without its dot */
  name(stem: string, extension: string): string;
  /** Whether `name` returned this name. */
  wasGiven(path: string): boolean;
  close(): void;
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

const claim = (owners: NameTable, name: string, index: number): number => {
  const key = keyOf(name);
  const owner = owners.get(key);
  if (owner === undefined) owners.set(key, index);
  return owner ?? index;
};

export const createRowClaims = (): RowClaims => {
  const ids = createNameTable();
  const outputs = createNameTable();
  return {
    claimId: (id, index) => claim(ids, id, index),
    claimOutput: (path, index) => claim(outputs, foldName(path), index),
    createNamer() {
      const issued = createNameTable();
      /** The next suffix to try for a name, so that a thousand equal names take a thousand tries. */
      const nextSuffix = createNameTable();
      const isFree = (key: NameKey): boolean => issued.get(key) === undefined && outputs.get(key) === undefined;
      return {
        name(stem, extension) {
          let name = `${stem}.${extension}`;
          let key = keyOf(foldName(name));
          if (!isFree(key)) {
            const wanted = key;
            let suffix = nextSuffix.get(wanted) ?? 2;
            do {
              name = `${stem}-${suffix}.${extension}`;
              key = keyOf(foldName(name));
              suffix += 1;
            } while (!isFree(key));
            nextSuffix.set(wanted, suffix);
          }
          issued.set(key, 0);
          return name;
        },
        wasGiven: (path) => issued.get(keyOf(foldName(path))) !== undefined,
        close: () => {
          issued.close();
          nextSuffix.close();
        },
      };
    },
  };
};
