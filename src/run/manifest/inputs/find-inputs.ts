/** Finds the command line's inputs: files, folders, globs. */
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { existingForm } from '../../../io/files/unicode-form.js';
import { RefineError, messageOf, systemCodeOf } from '../../../errors.js';
import { findLostNames, hasLostBytes, systemPath } from '../../../io/files/system-path.js';
import { foreignUri, isStoreUri } from '../../../io/store/store-uri.js';
import { isGlob, splitGlob } from './glob-place.js';
import { listInput, type FoundInputs, type ListOptions } from './list-input.js';
import { fileInput, foreign, missing, unreadable, type ManifestInput } from './manifest-input.js';
import { addSkipped, NONE_SKIPPED } from './skipped-files.js';
import { findStoreInput } from './store-input.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { isPicture } from './picture-extensions.js';

/** Options for finding inputs. */
export interface InputOptions extends ListOptions {
  /** Working directory, absolute. */
  cwd: string;
  /** The command whose inputs they are, for messages; default: batch. */
  command?: RowCommand;
  /** File that standard input was spooled to, if `-` is an input. */
  stdinPath?: string;
  /** Whether subfolders are read too. */
  recursive?: boolean;
  /** Folder for copies of manifests in object storage, and for listings of it. */
  spoolFolder?: string;
}

const NOT_SEEKABLE =
  'a manifest is read more than once, and this is neither a file nor a folder; pipe the rows and give -, as in: … | sdxl-refine batch -';

const oneInput = (input: ManifestInput): FoundInputs => ({ inputs: [input], skipped: NONE_SKIPPED });

const findInput = async (input: string, options: InputOptions): Promise<FoundInputs> => {
  const { cwd, stdinPath, recursive } = options;
  if (input === '-') {
    if (stdinPath === undefined) throw unreadable(input, 'there is no standard input');
    return oneInput({ kind: 'rows', name: '-', path: stdinPath, folder: cwd, format: 'jsonl' });
  }
  if (isStoreUri(input)) {
    const { spoolFolder, outputFolder, signal } = options;
    if (spoolFolder === undefined) throw unreadable(input, 'object storage is read by batch and generate');
    return findStoreInput(input, {
      ...{ spoolFolder, recursive: recursive === true },
      ...(outputFolder !== undefined && isStoreUri(outputFolder) ? { outputUri: outputFolder } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
  }
  const uri = foreignUri(input);
  if (uri !== null) throw foreign(uri, options.command ?? 'batch');
  // Empty, for example by a script's unset variable; it would resolve to the working directory.
  if (input === '') throw unreadable(input, 'it is empty');
  const shown = await namedOnCommandLine(input, cwd);
  const path = existingForm(resolve(cwd, shown));
  const name = basename(path);
  const stats = await stat(systemPath(path)).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT' && isGlob(input)) return null;
    throw systemCodeOf(error) === 'ENOENT'
      ? missing(input, path, options.command ?? 'batch', error)
      : unreadable(input, messageOf(error), error);
  });
  if (stats === null) return listInput(await splitGlob(input, cwd), options);
  if (stats.isDirectory()) {
    const pattern = recursive === true ? '**/*' : '*';
    return listInput({ name: name === '' ? path : name, shown, folder: path, pattern }, options);
  }
  // A manifest is read more than once, and a second read of a pipe would never end.
  if (!stats.isFile() || /^\/dev\/(?:stdin$|fd\/)/.test(path)) throw unreadable(input, NOT_SEEKABLE);
  if (isPicture(path)) return oneInput({ kind: 'pictures', name, folder: dirname(shown), paths: [name] });
  if (extname(path) === '') throw unreadable(input, 'it has no extension');
  return oneInput(fileInput(path, name));
};

/**
 * A file of the command line. Node replaces bytes of its name that are not UTF-8 by U+FFFD; they are recovered from its folder.
 *
 * @throws RefineError MANIFEST_UNREADABLE if several names match
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
 * Classifies files by extension, and lists folders and globs; a missing file whose name has glob characters is a glob. Opens no
 * file. If a folder has manifests, only they are inputs, and its pictures belong to their rows.
 *
 * @throws RefineError MANIFEST_UNREADABLE | USAGE_CONFLICT (standard input twice; pictures in the output folder itself)
 */
export const findInputs = async (inputs: readonly string[], options: InputOptions): Promise<FoundInputs> => {
  if (inputs.filter((input) => input === '-').length > 1) {
    throw new RefineError('USAGE_CONFLICT', 'Expected standard input (-) once among the inputs, found it twice');
  }
  const found: FoundInputs = { inputs: [], skipped: NONE_SKIPPED };
  const beside: string[] = [];
  for (const input of inputs) {
    const { inputs: more, skipped, beside: pictures = [] } = await findInput(input, options);
    for (const added of more) found.inputs.push(added);
    for (const picture of pictures) beside.push(picture);
    found.skipped = addSkipped(found.skipped, skipped);
  }
  return beside.length === 0 ? found : { ...found, beside };
};
