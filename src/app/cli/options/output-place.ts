/** The place of a file or folder that a command writes, as its option names it. */
import { dirname, extname, resolve } from 'node:path';
import { RefineError } from '../../../errors.js';
import { isFolder } from '../../../io/files/is-folder.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import { isTaken } from '../../../io/files/exists.js';
import { parseObjectUri } from '../../../io/store/read-object.js';
import { formatStoreUri, isStorePlace, uriScheme } from '../../../io/store/store-uri.js';
import { findInside } from '../../../run/manifest/inputs/list-files.js';
import { isManifest } from '../../../run/manifest/inputs/manifest-input.js';
import { OUTPUT_EXTENSIONS } from '../../../run/manifest/rows/output-form.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import type { BatchFlags } from './batch-flags.js';

/** An absolute path, or a URI of object storage. @throws STORE_URI_INVALID */
export const outputPlace = (path: string | undefined, cwd: string): string | null => {
  if (path === undefined) return null;
  return isStorePlace(path) ? formatStoreUri(parseObjectUri(path)) : resolve(cwd, path);
};

/**
 * Refuses a URI, which would be the path of a folder `s3:`. The message shows its scheme only: the rest may have a secret.
 * @param mend a sentence
 * @throws USAGE_OPTION_INVALID
 */
export const expectOnThisMachine = (flag: string, text: string, mend: string): void => {
  const scheme = uriScheme(text);
  if (scheme === null) return;
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected ${flag} to be a path of this machine, got a URI (${scheme.slice(0, 20)}://). ${mend}`,
  );
};

const isFolderName = async (name: string, extensions: readonly string[], cwd: string): Promise<boolean> => {
  const extension = /[/\\]$/.test(name) ? '' : extname(name);
  return !extensions.includes(extension.slice(1).toLowerCase()) || (await isFolder(resolve(cwd, name)));
};

/** Whether an output is one picture: a file, or standard output. */
export const isPictureName = async (output: string, cwd: string): Promise<boolean> =>
  output === '-' || !(uriScheme(output) !== null || (await isFolderName(output, OUTPUT_EXTENSIONS, cwd)));

/** Files that are easily taken for what a run's `--output-dir` writes. */
const FILES: readonly string[] = [...OUTPUT_EXTENSIONS, 'gif', 'jsonl', 'ndjson', 'csv', 'tsv', 'json', 'zip'];

/**
 * A folder of a run with many pictures.
 * @throws USAGE_OPTION_INVALID for standard output, and for a new folder whose name looks like a file's
 */
export const expectFolderName = async (outputDir: string, cwd: string): Promise<void> => {
  if (outputDir === '-') {
    throw new RefineError(
      'USAGE_OPTION_INVALID',
      'Expected --output-dir to be a folder, got -: a run of rows writes no pictures to standard output. Give a folder; --json writes the results to standard output.',
    );
  }
  if ((await isFolderName(outputDir, FILES, cwd)) || (await isTaken(resolve(cwd, outputDir)))) return;
  const folder = outputDir.slice(0, -extname(outputDir).length);
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected --output-dir to be a folder, got ${formatValue(outputDir)}, which looks like a file. Give a folder, such as ${formatValue(folder)} or, for one of that name, ${formatValue(`${outputDir}/`)}.`,
  );
};

/**
 * A CSV in an input folder makes it a folder of manifests: the next run would read it, and no picture.
 * @throws USAGE_CONFLICT
 */
export const expectCsvOutside = async (
  inputs: readonly string[],
  { predictionsCsv: csv, recursive }: Pick<BatchFlags, 'predictionsCsv' | 'recursive'>,
  cwd: string,
): Promise<void> => {
  if (csv === undefined || uriScheme(csv) !== null || !isManifest(csv)) return;
  for (const input of inputs) {
    const folder = existingForm(resolve(cwd, input));
    if (input === '-' || input === '' || uriScheme(input) !== null || !(await isFolder(folder))) continue;
    const inside = await findInside(dirname(resolve(cwd, csv)), folder);
    if (inside === null || (inside !== '' && recursive !== true)) continue;
    throw new RefineError(
      'USAGE_CONFLICT',
      `Expected --predictions-csv outside the input ${formatValue(input)}, got ${formatValue(csv)}: the next run would read it as a manifest. Choose another folder for it.`,
    );
  }
};
