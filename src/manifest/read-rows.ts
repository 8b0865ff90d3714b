/** Inputs to rows, one after the other; memory doesn't grow with their number. */
import { createReadStream } from 'node:fs';
import { isRefineError, messageOf } from '../errors.js';
import type { InvalidRow } from '../records.js';
import type { InputPlaces } from './find-inputs.js';
import { unreadable, type ManifestFile, type ManifestInput } from './manifest-input.js';
import { parseRow, type RowDraft } from './parse-row.js';
import { readPictureList } from './picture-list.js';
import type { RawRow } from './raw-row.js';
import { readCsv } from './read-csv.js';
import { readJsonl } from './read-jsonl.js';
import type { RowContext } from './resolve-settings.js';

/** Inputs of a run and what their rows are completed with. */
export interface Manifest extends RowContext, InputPlaces {
  /** Files, folders, globs, or `-`, as the command line names them. */
  inputs: readonly string[];
}

const CHUNK_BYTES = 256 * 1024;

async function* readFileRows(input: ManifestFile): AsyncGenerator<RawRow> {
  try {
    const chunks = createReadStream(input.path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
    if (input.format === 'jsonl') yield* readJsonl(chunks, input.name);
    else yield* readCsv(chunks, input.name, input.format === 'csv' ? ',' : '\t');
  } catch (error) {
    throw isRefineError(error) ? error : unreadable(input.name, messageOf(error), error);
  }
}

/**
 * Reads all inputs, each row checked by itself: what depends on other rows is `checkManifest`'s.
 *
 * @throws RefineError MANIFEST_UNREADABLE | MANIFEST_SYNTAX | MANIFEST_KEY_UNKNOWN
 */
export async function* readRows(
  inputs: readonly ManifestInput[],
  manifest: Manifest,
): AsyncGenerator<RowDraft | InvalidRow> {
  let index = 0;
  for (const input of inputs) {
    const [rows, folder] =
      input.kind === 'pictures' ? [readPictureList(input), manifest.cwd] : [readFileRows(input), input.folder];
    let rowNumberPerFile = 0;
    for await (const raw of rows) {
      manifest.signal?.throwIfAborted();
      const origin = { index, rowNumberPerFile, inputName: input.name, line: raw.line };
      yield await parseRow(raw, origin, folder, manifest);
      index += 1;
      rowNumberPerFile += 1;
    }
  }
}
