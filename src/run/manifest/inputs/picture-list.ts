/** Pictures as inputs, in a folder or single: one row for each. */
import { extname, join } from 'node:path';
import { foldName, withoutExtension } from '../rows/output-name.js';
import { rankOf } from './picture-extensions.js';
import type { RawRow } from '../formats/raw-row.js';

export interface PictureList {
  kind: 'pictures';
  /** The input's name in results. */
  name: string;
  /** As the user wrote it: absolute, or relative to the working directory. */
  folder: string;
  /** Relative to the folder, `/`-separated, in the order of rows. */
  paths: readonly string[];
  /** Whether `name` is a pattern. */
  isGlob?: boolean;
}

const foldStem = (path: string): string => foldName(withoutExtension(path));

/**
 * Pictures whose output's name includes the extension, since another picture of the same stem has the plain name: `cat.jpg`
 * beside `cat.png`. The extension's rank decides, not the order of rows, so that an added picture renames few others.
 */
const findRivals = (paths: readonly string[]): ReadonlySet<string> => {
  const best = new Map<string, number>();
  for (const path of paths) {
    const stem = foldStem(path);
    best.set(stem, Math.min(rankOf(path), best.get(stem) ?? Infinity));
  }
  return new Set(paths.filter((path) => rankOf(path) !== best.get(foldStem(path))));
};

/** `sub/cat.png` → `sub/cat`; a rival's `sub/cat.jpg` → `sub/cat-jpg`. */
const nameOutput = (path: string, isRival: boolean): string =>
  isRival ? `${withoutExtension(path)}-${extname(path).slice(1).toLowerCase()}` : withoutExtension(path);

/** A path as a row's `image`: with a folder called `data:…` it would look like an inline picture. */
const asImage = (path: string): string => (/^data:/i.test(path) ? `./${path}` : path);

/** One row per picture; its `image` is relative to the working directory if the folder is. */
export function* readPictureList({ folder, paths }: PictureList): Generator<RawRow> {
  const rivals = findRivals(paths);
  for (const path of paths) {
    const ownName = nameOutput(path, rivals.has(path));
    yield { line: null, known: [['image', asImage(join(folder, path))]], extra: {}, ownName };
  }
}
