/** File names in either Unicode normalization form (NFC, NFD). */
import { existsSync } from 'node:fs';
import { join, parse, sep } from 'node:path';
import { systemPath } from './system-path.js';

const ASCII = /^[\0-\x7f]*$/;
const FORMS = ['NFC', 'NFD'] as const;

/**
 * The form of a path that exists: the path itself, else each name composed (NFC, as Linux programs write it) or decomposed
 * (NFD, as macOS wrote it). Does not access the disk for an ASCII path.
 *
 * @param path absolute
 * @returns the path unchanged if no form exists
 */
export const existingForm = (path: string): string => {
  if (ASCII.test(path) || existsSync(systemPath(path))) return path;
  const { root } = parse(path);
  let parent = root;
  for (const name of path.slice(root.length).split(sep)) {
    const forms = [name, ...FORMS.map((form) => name.normalize(form))];
    const existing = forms.map((form) => join(parent, form)).find((place) => existsSync(systemPath(place)));
    if (existing === undefined) return path;
    parent = existing;
  }
  return parent;
};
