/** Reads the rows of all inputs in order, in constant memory. */
import { isRefineError, messageOf, RefineError } from '../../errors.js';
import { readChunks } from '../../io/files/open-file.js';
import type { InvalidRow } from '../../records/row.js';
import type { InputOptions } from './inputs/find-inputs.js';
import { unreadable, type ManifestFile, type RowsInput } from './inputs/manifest-input.js';
import type { RowDraft, RowParser } from './rows/parse-row.js';
import { readPictureList } from './inputs/picture-list.js';
import { readStoreListing } from './inputs/store-listing.js';
import type { RawRow } from './formats/raw-row.js';
import { readCsv } from './formats/read-csv.js';
import { readJsonl } from './formats/read-jsonl.js';
import type { RowContext } from './rows/resolve-settings.js';
import type { RowCommand } from '../../records/setting-kinds.js';
import type { RowKeyName } from './rows/row-keys.js';
import { formatValue } from './rows/format-value.js';

/** Inputs of a run, and values that complete their rows. */
export interface Manifest extends RowContext, InputOptions {
  /** The command whose keys rows have. */
  command: RowCommand;
  parse: RowParser;
  /** Files, folders, globs, or `-`, as the command line names them. */
  inputs: readonly string[];
  /** Values of the single row of a run without inputs, besides the options. */
  row?: readonly (readonly [RowKeyName, unknown])[];
}

async function* readFileRows(input: ManifestFile, command: RowCommand): AsyncGenerator<RawRow> {
  try {
    const chunks = readChunks(input.path, 'manifest');
    if (input.format === 'jsonl') yield* readJsonl(chunks, input.name, command);
    else yield* readCsv(chunks, input.name, input.format === 'csv' ? ',' : '\t', command);
  } catch (error) {
    throw isRefineError(error) ? error : unreadable(input.name, messageOf(error), error);
  }
}

const noPrompts = (input: string): RefineError =>
  new RefineError(
    'MANIFEST_UNREADABLE',
    `Expected the input ${formatValue(input)} to have manifests of prompts (.jsonl, .ndjson, .csv, .tsv), found pictures or nothing: run batch for pictures`,
    { context: { input } },
  );

/** The rows of an input, and the base of their relative paths. */
const openInput = (
  input: RowsInput,
  { cwd, command, row = [] }: Manifest,
): [Iterable<RawRow> | AsyncIterable<RawRow>, string] => {
  switch (input.kind) {
    case 'options':
      return [[{ line: null, known: row.map(([key, value]) => [key, value]), extra: {} }], cwd];
    case 'pictures':
      if (command === 'generate') throw noPrompts(input.name);
      return [readPictureList(input), cwd];
    case 'listing':
      if (command === 'generate') throw noPrompts(input.name);
      return [readStoreListing(input), cwd];
    case 'rows':
      return [readFileRows(input, command), input.folder];
  }
};

/** Defaults that complete rows. */
export type Defaults = Pick<RowContext, 'modelDefaults' | 'refinerDefaults'>;

/**
 * Reads all inputs and checks each row separately; `checkManifest` compares rows.
 *
 * @param others rows are completed with these defaults too, as their `alternatives`: one reading serves all
 * @throws RefineError MANIFEST_UNREADABLE | MANIFEST_SYNTAX | MANIFEST_KEY_UNKNOWN
 */
export async function* readRows(
  inputs: readonly RowsInput[],
  manifest: Manifest,
  others: readonly Defaults[] = [],
): AsyncGenerator<RowDraft | InvalidRow> {
  let index = 0;
  /* One object: a copy for each row takes as long as checking a value. */
  const context = { ...manifest, picturesBefore: 0 };
  for (const input of inputs) {
    const [rows, folder] = openInput(input, manifest);
    let rowNumberPerFile = 0;
    for await (const raw of rows) {
      manifest.signal?.throwIfAborted();
      const origin = { index, rowNumberPerFile, inputName: input.name, line: raw.line };
      const shared = others.length === 0 ? context : { ...context, ...readingOnce(manifest) };
      const completions: (RowDraft | InvalidRow)[][] = [];
      for (const other of others) {
        completions.push([...(await manifest.parse(raw, origin, folder, { ...shared, ...other }))]);
      }
      let copy = 0;
      for (const row of await manifest.parse(raw, origin, folder, shared)) {
        /* An invalid row is one, also where it would have several pictures. */
        const alternatives = completions.flatMap((rows) => rows[copy] ?? rows[0] ?? []);
        yield alternatives.length === 0 ? row : { ...row, alternatives };
        context.picturesBefore += 1;
        copy += 1;
      }
      index += 1;
      rowNumberPerFile += 1;
    }
  }
}

/** Reads a picture's metadata once for all completions of its row. */
const readingOnce = ({ readMetadata }: RowContext): Pick<RowContext, 'readMetadata'> => {
  if (readMetadata === undefined) return {};
  let read: ReturnType<typeof readMetadata> | undefined;
  return { readMetadata: (path) => (read ??= readMetadata(path)) };
};
