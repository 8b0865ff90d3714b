/** Counts files of the inputs that do not become rows, to report them. */
import { SAVE_AS } from './picture-extensions.js';

export interface SkippedFiles {
  /** Files that are not pictures, their texts or manifests. */
  files: number;
  /** Subfolders that were not entered. */
  folders: number;
  /** Pictures beside manifests; once the rows were read, only those that no row names. */
  pictures: number;
  /** Pictures of unsupported formats, by extension; absent if none. */
  unread?: Readonly<Record<string, number>>;
}

export const NONE_SKIPPED: SkippedFiles = { files: 0, folders: 0, pictures: 0 };

export const addSkipped = (a: SkippedFiles, b: SkippedFiles): SkippedFiles => {
  const unread = countNames([a, b].flatMap(({ unread: counts = {} }) => Object.entries(counts)));
  return {
    ...{ files: a.files + b.files, folders: a.folders + b.folders, pictures: a.pictures + b.pictures },
    ...(Object.keys(unread).length === 0 ? {} : { unread }),
  };
};

/** Sums counts by name. */
export const countNames = (counts: readonly (readonly [name: string, count: number])[]): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const [name, number] of counts) sums[name] = (sums[name] ?? 0) + number;
  return sums;
};

const count = (number: number, noun: string): string[] =>
  number === 0 ? [] : [`${number} ${noun}${number === 1 ? '' : 's'}`];

/** `12 other files, 1 folder skipped (…)`, with remedies; '' if nothing was skipped. */
export const skippedText = ({ files, folders, pictures, unread = {} }: SkippedFiles): string => {
  const kinds = Object.entries(unread);
  const what = [
    ...count(files, 'other file'),
    ...count(folders, 'folder'),
    ...count(pictures, 'picture'),
    ...kinds.map(([extension, number]) => `${number} ${extension}`),
  ];
  if (what.length === 0) return '';
  const hints = [
    ...(folders > 0 ? ['--recursive enters folders'] : []),
    ...(kinds.length > 0
      ? [`${kinds.map(([extension]) => extension).join(', ')} pictures are not supported: ${SAVE_AS}`]
      : []),
    ...(pictures > 0 ? ['beside a manifest, only the rows of the manifest are read, and none names them'] : []),
  ];
  return `${what.join(', ')} skipped${hints.length > 0 ? ` (${hints.join('; ')})` : ''}`;
};
