/** Inputs to rows, one after the other; memory doesn't grow with their number. */
import { createReadStream } from 'node:fs';
import { isRefineError, messageOf } from '../errors.js';
import type { InvalidRow } from '../records.js';
import { resolveInputs, unreadable, type InputPlaces, type ManifestInput } from './manifest-input.js';
import { parseRow, type RowDraft } from './parse-row.js';
import type { RawRow } from './raw-row.js';
import { readCsv } from './read-csv.js';
import { readJsonl } from './read-jsonl.js';
import type { RowContext } from './resolve-settings.js';

/** Inputs of a run and what their rows are completed with. */
export interface Manifest extends RowContext, InputPlaces {
  /** Files, or `-`, as the command line names them. */
  inputs: readonly string[];
}

const CHUNK_BYTES = 256 * 1024;

async function* readInput(input: ManifestInput): AsyncGenerator<RawRow> {
  const chunks = createReadStream(input.path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
  try {
    if (input.format === 'jsonl') yield* readJsonl(chunks, input.name);
    else yield* readCsv(chunks, input.name, input.format === 'csv' ? ',' : '\t');
  } catch (error) {
    throw isRefineError(error) ? error : unreadable(input.name, messageOf(error), error);
  }
}

/**
 * Reads all inputs, each row checked by itself: what depends on other rows is `checkManifest`'s.
 *
 * @throws RefineError MANIFEST_UNREADABLE | MANIFEST_SYNTAX | MANIFEST_KEY_UNKNOWN | USAGE_CONFLICT
 */
export async function* readRows(manifest: Manifest): AsyncGenerator<RowDraft | InvalidRow> {
  let index = 0;
  for (const input of resolveInputs(manifest.inputs, manifest)) {
    let rowNumberPerFile = 0;
    for await (const raw of readInput(input)) {
      const origin = { index, rowNumberPerFile, inputName: input.name, line: raw.line };
      yield parseRow(raw, origin, input.folder, manifest);
      index += 1;
      rowNumberPerFile += 1;
    }
  }
}
