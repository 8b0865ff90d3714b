/** Names the inputs of a run, so that a later run in the same folder can compare them with its own. */
import { listSome } from '../../errors.js';
import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { isPicture } from '../manifest/inputs/picture-extensions.js';
import { storePlaceOf } from '../manifest/inputs/store-listing.js';
import { isStoreUri } from '../../io/store/store-uri.js';
import { exists } from '../../io/files/exists.js';

/** Name of the input of a run without inputs: its options. */
const OPTIONS = '--prompt';

/**
 * Absolute paths with links resolved; `-` for standard input. A picture counts as its folder, since a shell expands `*.png` to
 * a list of pictures, which are compared as rows.
 */
export const inputPlaces = async (inputs: readonly string[], cwd: string): Promise<string[]> => {
  const places = inputs.map(async (input) => {
    if (input === '-') return input;
    if (isStoreUri(input)) return storePlaceOf(input);
    const path = resolve(cwd, input);
    const place = isPicture(path) ? dirname(path) : path;
    return realpath(place).catch(() => place);
  });
  return inputs.length === 0 ? [OPTIONS] : [...new Set(await Promise.all(places))];
};

export const haveSameItems = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item) => b.includes(item));

/** Inputs of an earlier run that still exist but are missing from this run. Moved or renamed files do not count. */
export const missingInputs = async (earlier: readonly string[], inputs: readonly string[]): Promise<string[]> => {
  const missing = earlier.filter((place) => !inputs.includes(place));
  const existing = await Promise.all(
    missing.map(async (place) =>
      place === '-' || place === OPTIONS || isStoreUri(place) || (await exists(place)) ? [place] : [],
    ),
  );
  return existing.flat();
};

/** Names of the first inputs, for a message. */
export const formatInputs = (places: readonly string[]): string =>
  listSome(places.map((place) => (basename(place) === place ? place : `${basename(place)} (${place})`)));
