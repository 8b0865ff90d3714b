/** Splits a glob of the command line into its folder and pattern. */
import { join, parse, resolve, sep } from 'node:path';
import fastGlob from 'fast-glob';
import { existingForm } from '../../../io/files/unicode-form.js';
import { isFolder } from '../../../io/files/is-folder.js';
import type { ListedPlace } from './list-files.js';

/** A folder or glob that the user named. */
export interface InputLocation extends ListedPlace {
  /** The input's name in results. */
  name: string;
  /** `folder` as the user wrote it. */
  shown: string;
  /** Whether `name` is a pattern of the user's. */
  isGlob?: boolean;
}

/** Whether a name has glob characters. File names may have them too: look for a file first. */
export const isGlob = (input: string): boolean => input !== '' && fastGlob.isDynamicPattern(input);

/**
 * Splits a glob into its leading folders and the pattern inside. Existing folders are not part of the pattern, even with
 * glob characters: `photos [2024]/*.png`.
 */
export const splitGlob = async (glob: string, cwd: string): Promise<InputLocation> => {
  const { root } = parse(glob);
  const segments = glob.slice(root.length).split(sep === '\\' ? /[\\/]/ : '/');
  let shown = root;
  while (segments.length > 1 && (await isFolder(existingForm(resolve(cwd, shown, segments[0] ?? ''))))) {
    shown = join(shown, segments.shift() ?? '');
  }
  return { name: glob, shown, folder: existingForm(resolve(cwd, shown)), pattern: segments.join('/'), isGlob: true };
};
