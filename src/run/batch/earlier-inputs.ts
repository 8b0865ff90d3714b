/** Names the inputs of a run, so that a later run in the same folder can compare its own with them. */
import { listSome } from '../../errors.js';
import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { isPicture } from '../manifest/inputs/picture-extensions.js';
import { exists } from '../../io/files/exists.js';

/** Stands for the inputs of a run without any: its options. */
const OPTIONS = '--prompt';

/**
 * Absolute paths, links followed; `-` for standard input. A picture counts as its folder: a shell makes a list of pictures
 * of `*.png`, and which of them are there is for their rows to say.
 */
export const inputPlaces = async (inputs: readonly string[], cwd: string): Promise<string[]> => {
  const places = inputs.map(async (input) => {
    if (input === '-') return input;
    const path = resolve(cwd, input);
    const place = isPicture(path) ? dirname(path) : path;
    return realpath(place).catch(() => place);
  });
  return inputs.length === 0 ? [OPTIONS] : [...new Set(await Promise.all(places))];
};

export const haveSameItems = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((place) => other.includes(place));

/** Inputs of an earlier run that exist but are missing from this run. A moved or renamed file does not count. */
export const missingInputs = async (earlier: readonly string[], inputs: readonly string[]): Promise<string[]> => {
  const missing = earlier.filter((place) => !inputs.includes(place));
  const existing = await Promise.all(
    missing.map(async (place) => (place === '-' || place === OPTIONS || (await exists(place)) ? [place] : [])),
  );
  return existing.flat();
};

/** For a message: names of the first few. */
export const formatInputs = (places: readonly string[]): string =>
  listSome(places.map((place) => (basename(place) === place ? place : `${basename(place)} (${place})`)));
