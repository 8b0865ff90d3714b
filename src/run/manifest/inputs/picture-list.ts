/** Pictures that are inputs themselves, in a folder or alone, as rows. */
import { extname, join } from 'node:path';
import { foldName, withoutExtension } from '../rows/output-name.js';
import { rankOf } from './picture-extensions.js';
import type { RawRow } from '../formats/raw-row.js';

export interface PictureList {
  kind: 'pictures';
  /** What results call the input. */
  name: string;
  /** As the user wrote it: absolute, or relative to the working directory. */
  folder: string;
  /** Relative to the folder, `/`-separated, in the order of rows. */
  paths: readonly string[];
}

const foldStem = (path: string): string => foldName(withoutExtension(path));

/**
 * The pictures whose extension goes into their output's name, since another of the same stem has the plain one: `cat.jpg`
 * beside `cat.png`. A rank, not the order of rows, decides, so that a picture that is added renames few others.
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

/** A path that a row may hold: it could be taken for a picture of its own where a folder is called `data:…`. */
const asImage = (path: string): string => (/^data:/i.test(path) ? `./${path}` : path);

/** One row a picture, its `image` relative to the working directory if the folder is. */
export function* readPictureList({ folder, paths }: PictureList): Generator<RawRow> {
  const rivals = findRivals(paths);
  for (const path of paths) {
    const ownName = nameOutput(path, rivals.has(path));
    yield { line: null, known: [['image', asImage(join(folder, path))]], extra: {}, ownName };
  }
}
