/** Kinds of inputs of a run. */
import { dirname, extname } from 'node:path';
import { RefineError } from '../../../errors.js';
import { extensionIn, isUnreadPicture, PICTURE_EXTENSIONS, SAVE_AS } from './picture-extensions.js';
import type { PictureList } from './picture-list.js';
import type { StoreListing } from './store-listing.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { shellWord } from './shell-word.js';
import { formatValue } from '../rows/format-value.js';

/** A file of rows. */
export interface ManifestFile {
  kind: 'rows';
  /** Its name in results: the file's name, or its path inside a folder that is the input, or `-`. */
  name: string;
  path: string;
  /** Base of relative paths in rows. */
  folder: string;
  format: 'jsonl' | 'csv' | 'tsv';
}

/** An input, found and listed, so that each reading gives the same rows. */
export type ManifestInput = ManifestFile | PictureList | StoreListing;

/** A run without inputs: one row, from options and the command line. */
export interface OptionsInput {
  kind: 'options';
  /** Its name in results. */
  name: string;
}

export type RowsInput = ManifestInput | OptionsInput;

const FORMATS: Readonly<Record<string, ManifestFile['format']>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
};

const PROMPTS =
  'a .jsonl, .ndjson, .csv or .tsv file of prompts, a folder or glob of such files, s3://, gs:// or az:// with one of these, or - for JSON lines on standard input';
const ACCEPTED = `a .jsonl, .ndjson, .csv or .tsv file, a picture (${PICTURE_EXTENSIONS}), a folder or glob of pictures or of such files, s3://, gs:// or az:// with one of these, or - for JSON lines on standard input`;

/** @param path absolute */
export const missing = (input: string, path: string, command: RowCommand, cause: unknown): RefineError => {
  const accepted = command === 'generate' ? PROMPTS : ACCEPTED;
  return new RefineError(
    'MANIFEST_UNREADABLE',
    `No such file: ${path}. Expected the input ${formatValue(input)} to be ${accepted}.${promptHint(input, command)}`,
    { context: { input, path }, cause },
  );
};

/** Other programs take the prompt as a word of its own. */
const promptHint = (input: string, command: RowCommand): string => {
  if (extname(input) !== '' && !/\s/.test(input)) return '';
  if (command === 'generate') return ` For a prompt: sdxl-refine generate -p ${shellWord(input)}`;
  return /\s/.test(input) ? ` A prompt has its option: -p ${shellWord(input)}` : '';
};

/** @param uri what a message says of it */
export const foreign = (uri: string, command: RowCommand): RefineError =>
  new RefineError(
    'MANIFEST_UNREADABLE',
    `Expected inputs to be files, folders or globs of this machine, or s3://, gs:// or az://, got ${uri}. ` +
      `Download it first${command === 'batch' ? ', or write it as the image of a row' : ''}.`,
  );

/** An input that cannot be opened or read. */
export const unreadable = (input: string, why: string, cause?: unknown): RefineError =>
  new RefineError('MANIFEST_UNREADABLE', `Expected the input ${formatValue(input)} to be ${ACCEPTED}: ${why}`, {
    context: { input },
    ...(cause === undefined ? {} : { cause }),
  });

const formatOf = (path: string): ManifestFile['format'] | undefined => FORMATS[extname(path).toLowerCase()];

/** Whether a file is a manifest, by its extension. */
export const isManifest = (path: string): boolean => formatOf(path) !== undefined;

const WRITE_ROWS = 'write it as JSON lines (pandas: df.to_json("rows.jsonl", orient="records", lines=True))';

const mendingHint = (path: string): string => {
  if (isUnreadPicture(path)) return `, a picture format that is not supported; ${SAVE_AS}`;
  const extension = extensionIn(path);
  if (/^\.(?:xlsx?|xlsm|ods)$/.test(extension)) return ', a workbook; save the table as “CSV UTF-8”';
  return /^\.(?:parquet|arrow|feather|json)$/.test(extension) ? `; ${WRITE_ROWS}` : '';
};

/** An unsupported table beside pictures, which must not be ignored silently. */
export const isParquet = (path: string): boolean => extensionIn(path) === '.parquet';

export const parquetProblem = (input: string, path: string): RefineError =>
  unreadable(input, `it has ${formatValue(path)}, which is not supported; ${WRITE_ROWS}`);

/**
 * @param name in results
 * @throws RefineError MANIFEST_UNREADABLE if its extension is not a manifest's
 */
export const fileInput = (path: string, name: string): ManifestFile => {
  const format = formatOf(path);
  if (format === undefined) throw unreadable(name, `it is a ${extensionIn(path)}${mendingHint(path)}`);
  return { kind: 'rows', name, path, folder: dirname(path), format };
};
