/** Counts the results of a run as they are collected, and finds out that some are missing although each chunk is there. */
import { listSome, RefineError } from '../../errors.js';
import { parseRecord } from '../results/parse-record.js';
import { MAX_LINE_BYTES } from '../results/read-lines.js';
import { addToSummary, emptySummary, type Summary } from '../results/summary.js';
import { collect, type CollectOptions } from './collect.js';
import { resultsName } from './store-names.js';

export interface CountedResults {
  /**
   * As `collect` gives them.
   * @throws QUEUE_INCOMPLETE at the end, if there is not one result of each row and the options do not allow holes
   */
  bytes: AsyncGenerator<Uint8Array>;
  /** Of the bytes so far. */
  summary: () => Summary;
}

const NAMED = 5;
const NEWLINE = 10;

export const collectCounted = (options: CollectOptions): CountedResults => {
  let summary = emptySummary();
  let chunk = 0;
  /** Chunks with a line that is no result: the first of them, and their number. */
  const damaged: number[] = [];
  let damagedCount = 0;
  let lastDamaged = -1;
  const countLine = (line: Buffer | null): void => {
    if (line?.length === 0) return;
    const parsed = line === null ? null : parseRecord(line);
    if (parsed !== null && 'record' in parsed) summary = addToSummary(summary, parsed.record);
    else if (lastDamaged !== chunk) {
      lastDamaged = chunk;
      if (damagedCount++ < NAMED) damaged.push(chunk);
    }
  };
  async function* bytes(): AsyncGenerator<Uint8Array> {
    const addBytes = splitLines(countLine);
    const onChunk = (next: number): void => {
      chunk = next;
    };
    for await (const part of collect({ ...options, onChunk })) {
      yield part;
      addBytes(part);
    }
    if (!options.allowsHoles && summary.rows !== options.run.rows)
      throw incomplete(options, summary, damaged, damagedCount);
  }
  return { bytes: bytes(), summary: () => summary };
};

/** @param onLine gets each line without its newline; null if it is too long for a result */
const splitLines = (onLine: (line: Buffer | null) => void): ((bytes: Uint8Array) => void) => {
  let pieces: Buffer[] = [];
  let length = 0;
  const add = (piece: Buffer): void => {
    length += piece.length;
    if (length > MAX_LINE_BYTES) pieces = [];
    else pieces.push(piece);
  };
  return ({ buffer, byteOffset, byteLength }) => {
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      add(bytes.subarray(from, end));
      onLine(length > MAX_LINE_BYTES ? null : Buffer.concat(pieces, length));
      pieces = [];
      length = 0;
      from = end + 1;
    }
    if (from < bytes.length) add(bytes.subarray(from));
  };
};

const incomplete = (
  { store, run }: CollectOptions,
  { rows }: Summary,
  damaged: readonly number[],
  damagedCount: number,
): RefineError => {
  const where =
    damagedCount === 0
      ? `some of its objects in results/ are not as a worker wrote them`
      : `lines that are no results are in ${listSome(damaged.map(resultsName), NAMED, damagedCount)}`;
  return new RefineError(
    'QUEUE_INCOMPLETE',
    `Expected a result of each of the ${run.rows} rows of the run in ${store.shown}, found ${rows}: ${where}. Restore such an object, or remove it and run sdxl-refine queue retry, which refines its rows again; or take what is there with --allow-holes.`,
    { context: { store: store.shown, rows: run.rows, results: rows } },
  );
};
