/** Names that Unicode composes in two ways: a file may lie there under the other. */
import { existsSync } from 'node:fs';
import { join, parse, sep } from 'node:path';
import { systemPath } from '../../../io/files/system-path.js';

const ASCII = /^[\0-\x7f]*$/;
const FORMS = ['NFC', 'NFD'] as const;

/**
 * A path under which something lies: the path itself, else with the names in it composed (NFC, as people and Linux write them) or
 * decomposed (NFD, as files from a Mac are called), each name by itself. Looks at no disk for a path of ASCII.
 *
 * @param path absolute
 * @returns the path as it was where nothing is found
 */
export const existingForm = (path: string): string => {
  if (ASCII.test(path) || existsSync(systemPath(path))) return path;
  const { root } = parse(path);
  let found = root;
  for (const name of path.slice(root.length).split(sep)) {
    const forms = [name, ...FORMS.map((form) => name.normalize(form))];
    const there = forms.map((form) => join(found, form)).find((place) => existsSync(systemPath(place)));
    if (there === undefined) return path;
    found = there;
  }
  return found;
};
