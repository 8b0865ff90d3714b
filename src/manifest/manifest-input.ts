/** What can be an input of a run, told by its name. */
import { basename, dirname, extname, resolve } from 'node:path';
import { RefineError } from '../errors.js';
import { showValue } from './show-value.js';

export interface ManifestInput {
  /** What results call it: the file's name, or `-`. */
  name: string;
  path: string;
  /** What relative paths in rows are relative to. */
  folder: string;
  format: 'jsonl' | 'csv' | 'tsv';
}

/** Where inputs are looked for. */
export interface InputPlaces {
  /** Working directory. */
  cwd: string;
  /** File that standard input was spooled to, when `-` is an input. */
  stdinPath?: string;
}

const FORMATS: Readonly<Record<string, ManifestInput['format']>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
};

const ACCEPTED = 'a .jsonl, .ndjson, .csv or .tsv file, or - for JSON lines on standard input';

/** A manifest that cannot be opened or read. */
export const unreadable = (input: string, why: string, cause?: unknown): RefineError =>
  new RefineError('MANIFEST_UNREADABLE', `Expected the input ${showValue(input)} to be ${ACCEPTED}: ${why}`, {
    context: { input },
    ...(cause === undefined ? {} : { cause }),
  });

const resolveInput = (input: string, places: InputPlaces): ManifestInput => {
  if (input === '-') {
    if (places.stdinPath === undefined) throw unreadable(input, 'there is no standard input');
    return { name: '-', path: places.stdinPath, folder: places.cwd, format: 'jsonl' };
  }
  const path = resolve(places.cwd, input);
  const extension = extname(path).toLowerCase();
  const format = FORMATS[extension];
  if (format === undefined) throw unreadable(input, extension === '' ? 'it has no extension' : `it is a ${extension}`);
  return { name: basename(path), path, folder: dirname(path), format };
};

/**
 * Tells each input's format by its extension. Opens nothing.
 * @throws RefineError MANIFEST_UNREADABLE | USAGE_CONFLICT (standard input twice)
 */
export const resolveInputs = (inputs: readonly string[], places: InputPlaces): ManifestInput[] => {
  if (inputs.filter((input) => input === '-').length > 1) {
    throw new RefineError('USAGE_CONFLICT', 'Expected standard input (-) once among the inputs, found it twice');
  }
  return inputs.map((input) => resolveInput(input, places));
};
