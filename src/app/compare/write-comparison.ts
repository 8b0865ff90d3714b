/** Writes the comparison page and the contact sheet of a run. */
import { basename, dirname, resolve } from 'node:path';
import { RefineError } from '../../errors.js';
import type { ResultRecord } from '../../records/result.js';
import { readResults, type OnInvalidLine } from '../../run/results/read-results.js';
import { addToSummary, emptySummary, type Summary } from '../../run/results/summary.js';
import { writeAtomically } from '../../run/results/write-atomically.js';
import { contactSheet, type SheetPair, TILE_SIDE } from './contact-sheet.js';
import { checkOutputPaths } from './check-output-paths.js';
import { findInput, type FindOptions } from './find-input.js';
import { pageDocument, type PagePart } from './page-document.js';
import { pageRow, shownModel } from './page-row.js';
import { missingPreview, type PicturePreview, makePreview, type PreviewOptions } from './picture-preview.js';

export interface CompareOptions {
  /** Paths are absolute. */
  results: readonly string[];
  page: string;
  sheet: string;
  find: Omit<FindOptions, 'output'>;
  /** Where the outputs are in object storage, with a slash at its end; null: beside the results. */
  outputs: string | null;
  /** Rows in the page, and pairs in the sheet. */
  limit: number;
  sheetLimit: number;
  /** Longest side of a preview, in pixels; null: 1024, or less where the page would become too large. */
  maxSide: number | null;
  link: boolean;
  signal: AbortSignal;
  /** Called with each line that is not a result. */
  onInvalidLine: OnInvalidLine;
  report: (done: number, total: number) => void;
}

export interface Comparison {
  summary: Summary;
  /** Rows whose input could not be shown; rows without an input picture do not count. */
  withoutInput: number;
  /** Pairs in the sheet; 0: no sheet was written. */
  pairs: number;
}

/** Chromium opens a page of about this many bytes in 1.3 s. */
const PAGE_BYTES = 96 * 2 ** 20;
/** Measured on noisy pictures of 528 × 528 written by `encodePreview`, including the third that base64 adds. */
const BYTES_PER_PIXEL = 0.19;
const SIDE = { most: 1024, least: 256 };

/**
 * Writes both files, the page first. Pictures that are missing or damaged are notes on the page.
 * @throws RefineError MANIFEST_UNREADABLE | MANIFEST_EMPTY | OUTPUT_EXISTS | OUTPUT_UNWRITABLE | CANCELLED
 */
export const writeComparison = async (options: CompareOptions): Promise<Comparison> => {
  const { results, page, sheet, outputs, limit, sheetLimit, link, signal, report } = options;
  const records = await readRecords(results, limit, options.onInvalidLine);
  await checkOutputPaths(options, records);
  const folder = dirname(results[0] ?? '.');
  const previews: PreviewOptions = {
    maxSide: options.maxSide ?? fittingSide(records.length),
    linkFrom: link ? dirname(page) : null,
  };
  const pairs: SheetPair[] = [];
  let withoutInput = 0;

  async function* parts(): AsyncGenerator<PagePart> {
    for (const [index, record] of records.entries()) {
      if (signal.aborted) throw new RefineError('CANCELLED', 'Stopped; no page was written.');
      const output = record.image_file_name === null ? null : resolve(folder, record.image_file_name);
      const find = { ...options.find, output };
      const [before, after] = await Promise.all([
        inputOf(record, find, previews),
        outputOf(record, { folder, outputs }, previews),
      ]);
      if (before.tile === null && record.image !== null) withoutInput++;
      if (after.tile !== null && pairs.length < sheetLimit) {
        const tiles = await Promise.all([before.tile?.(TILE_SIDE) ?? null, after.tile(TILE_SIDE)]);
        pairs.push({ record, before: tiles[0], after: tiles[1] });
      }
      const row = pageRow(record, { before: before.side, after: after.side, size: after.size ?? before.size });
      yield { row, before: before.webp, after: after.webp };
      report(index + 1, records.length);
    }
  }

  await writeAtomically(page, pageDocument(basename(outputs ?? folder), parts()));
  if (pairs.length > 0) await writeAtomically(sheet, await contactSheet(pairs, headingOf(records, pairs.length)));
  return { summary: records.reduce(addToSummary, emptySummary()), withoutInput, pairs: pairs.length };
};

const readRecords = async (
  paths: readonly string[],
  limit: number,
  onInvalidLine: OnInvalidLine,
): Promise<ResultRecord[]> => {
  const records: ResultRecord[] = [];
  for (const path of paths) {
    for await (const record of readResults(path, onInvalidLine)) {
      if (records.length >= limit) break;
      records.push(record);
    }
  }
  if (records.length > 0) return records;
  throw new RefineError(
    'MANIFEST_EMPTY',
    `${paths.join(', ')} contains no result. Expected the results.jsonl of a run of batch.`,
  );
};

const fittingSide = (rows: number): number => {
  const side = Math.floor(Math.sqrt(PAGE_BYTES / BYTES_PER_PIXEL / (2 * rows)));
  return Math.max(SIDE.least, Math.min(SIDE.most, side));
};

const inputOf = async (record: ResultRecord, find: FindOptions, previews: PreviewOptions): Promise<PicturePreview> => {
  const found = await findInput(record.image, find);
  return 'note' in found
    ? missingPreview(found.note)
    : makePreview(found.source, record.image ?? 'The input', previews);
};

const outputOf = async (
  { status, image_file_name: name }: ResultRecord,
  { folder, outputs }: { folder: string; outputs: string | null },
  previews: PreviewOptions,
): Promise<PicturePreview> => {
  if (name === null) return missingPreview(`No output: the row’s status is ${status}.`);
  if (name.endsWith('.safetensors')) return missingPreview('The output is latents, not a picture.');
  if (outputs !== null) return makePreview({ kind: 'store', uri: outputs + name }, name, previews);
  return makePreview({ kind: 'file', path: resolve(folder, name) }, name, previews);
};

const headingOf = (records: readonly ResultRecord[], shown: number): string => {
  const models = new Set(records.map(({ model }) => shownModel(model)));
  const of = shown === records.length ? '' : ` of ${records.length}`;
  return `left: before   right: after   ·   ${[...models].join(', ')}   ·   ${shown}${of} ${records.length === 1 ? 'picture' : 'pictures'}`;
};
