/** Finds the inputs of the command line: files, folders, globs. */
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { existingForm } from '../../../io/files/unicode-form.js';
import { RefineError, messageOf, systemCodeOf } from '../../../errors.js';
import { findLostNames, hasLostBytes, systemPath } from '../../../io/files/system-path.js';
import { isGlob, splitGlob } from './glob-place.js';
import { listInput, type FoundInputs, type ListOptions } from './list-input.js';
import { fileInput, missing, unreadable, type ManifestInput } from './manifest-input.js';
import { addSkipped, NONE_SKIPPED } from './skipped-files.js';
import { isPicture } from './picture-extensions.js';

/** Where and how inputs are looked for. */
export interface InputOptions extends ListOptions {
  /** Working directory, absolute. */
  cwd: string;
  /** File that standard input was spooled to, when `-` is an input. */
  stdinPath?: string;
  /** Whether sub folders of folders are read too. */
  recursive?: boolean;
}

const NOT_SEEKABLE =
  'a manifest is read more than once, and this is neither a file nor a folder; pipe the rows and give -, as in: … | sdxl-refine batch -';

const oneInput = (input: ManifestInput): FoundInputs => ({ inputs: [input], skipped: NONE_SKIPPED });

const findInput = async (input: string, places: InputOptions): Promise<FoundInputs> => {
  const { cwd, stdinPath, recursive } = places;
  if (input === '-') {
    if (stdinPath === undefined) throw unreadable(input, 'there is no standard input');
    return oneInput({ kind: 'rows', name: '-', path: stdinPath, folder: cwd, format: 'jsonl' });
  }
  // An unset variable of a script would have us read the working directory.
  if (input === '') throw unreadable(input, 'it is empty');
  const shown = await namedOnCommandLine(input, cwd);
  const path = existingForm(resolve(cwd, shown));
  const name = basename(path);
  const stats = await stat(systemPath(path)).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT' && isGlob(input)) return null;
    throw systemCodeOf(error) === 'ENOENT' ? missing(input, path, error) : unreadable(input, messageOf(error), error);
  });
  if (stats === null) return listInput(await splitGlob(input, cwd), places);
  if (stats.isDirectory()) {
    const pattern = recursive === true ? '**/*' : '*';
    return listInput({ name: name === '' ? path : name, shown, folder: path, pattern }, places);
  }
  // A manifest is read more than once, which a pipe would never let end.
  if (!stats.isFile() || /^\/dev\/(?:stdin$|fd\/)/.test(path)) throw unreadable(input, NOT_SEEKABLE);
  if (isPicture(path)) return oneInput({ kind: 'pictures', name, folder: dirname(shown), paths: [name] });
  if (extname(path) === '') throw unreadable(input, 'it has no extension');
  return oneInput(fileInput(path, name));
};

/**
 * A file of the command line. Bytes of its name that are not UTF-8 reach us as U+FFFD: its folder says what they were.
 *
 * @throws RefineError MANIFEST_UNREADABLE when there are several such names
 */
export const namedOnCommandLine = async (input: string, cwd: string): Promise<string> => {
  if (!hasLostBytes(input)) return input;
  const [first = input, ...others] = await findLostNames(resolve(cwd, input));
  if (others.length === 0) return first;
  throw unreadable(
    input,
    `${others.length + 1} files match this name, which is not UTF-8; give their folder, or rename them (convmv -f latin1 -t utf8 --notest)`,
  );
};

/**
 * Looks at each input: files are told by their extensions, folders and globs are listed, a missing file whose name has
 * characters of globs is a glob. Opens no file. A folder that has a manifest is a folder of manifests, and its pictures
 * are theirs.
 *
 * @throws RefineError MANIFEST_UNREADABLE | USAGE_CONFLICT (standard input twice; pictures in the output folder itself)
 */
export const findInputs = async (inputs: readonly string[], places: InputOptions): Promise<FoundInputs> => {
  if (inputs.filter((input) => input === '-').length > 1) {
    throw new RefineError('USAGE_CONFLICT', 'Expected standard input (-) once among the inputs, found it twice');
  }
  const found: FoundInputs = { inputs: [], skipped: NONE_SKIPPED };
  for (const input of inputs) {
    const { inputs: more, skipped } = await findInput(input, places);
    for (const one of more) found.inputs.push(one);
    found.skipped = addSkipped(found.skipped, skipped);
  }
  return found;
};
