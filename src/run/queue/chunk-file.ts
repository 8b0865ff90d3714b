/** A chunk of a run as an object: a line about it, then its rows, resolved. */
import { z } from 'zod';
import { RefineError } from '../../errors.js';
import { stringify } from '../../io/json/exact-integers.js';
import { parseExactObject, parseJsonObject } from '../../io/json/parse-json.js';
import type { Store } from '../../io/store/store.js';
import { parseChunkRow, type ChunkRow } from './chunk-row.js';
import { chunkName } from './store-names.js';

/** Rows of a chunk: its results are in memory. */
export const MAX_CHUNK_ROWS = 10_000;
/** A chunk with pictures inside its rows is cut before it is larger, but has at least one row. */
export const FULL_CHUNK_BYTES = 32 * 2 ** 20;
/** One more row may have 64 MiB, and a control character takes six. */
const MAX_CHUNK_BYTES = 448 * 2 ** 20;
const LIMITS = { maxDepth: 80, maxTokens: 1_000_000 };

export interface ChunkHead {
  run: string;
  chunk: number;
  /** Index of its first row in the run. */
  first: number;
  rows: number;
  /** UNet steps of its rows. */
  steps: number;
}

export const rowLine = (row: ChunkRow): string => `${stringify(row)}\n`;

export const encodeChunk = (head: ChunkHead, lines: readonly string[]): Uint8Array =>
  Buffer.from(`${JSON.stringify(head)}\n${lines.join('')}`);

const count = z.int().min(0);
const headSchema = z.object({
  run: z.string(),
  chunk: count,
  first: count,
  rows: count.max(MAX_CHUNK_ROWS),
  steps: count,
});

export interface Chunk {
  head: ChunkHead;
  rows: readonly ChunkRow[];
}

/** @param what is wrong with it, as `is missing` */
export const chunkFault = (store: Store, chunk: number, what: string): RefineError =>
  new RefineError(
    'QUEUE_CHUNK_INVALID',
    `Expected ${chunkName(chunk)} in ${store.shown} to be as sdxl-refine enqueue wrote it, but it ${what}. Restore the object, then run sdxl-refine queue retry.`,
    { context: { store: store.shown, chunk } },
  );

/**
 * Reads a chunk that `encodeChunk` made. Everything is checked again: who may write to the store must not write elsewhere.
 * @throws QUEUE_CHUNK_INVALID STORE_*
 */
export const readChunk = async (store: Store, chunk: number, signal: AbortSignal): Promise<Chunk> => {
  const bytes = Buffer.from(await store.read(chunkName(chunk), { maxBytes: MAX_CHUNK_BYTES, signal }));
  const fault = (what: string): RefineError => chunkFault(store, chunk, what);
  const [first, ...lines] = linesOf(bytes);
  const head = headSchema.safeParse(parseJsonObject(first ?? '', LIMITS, fault));
  if (!head.success || head.data.chunk !== chunk) throw fault('begins with another line');
  if (lines.length > MAX_CHUNK_ROWS) throw fault(`has more than ${MAX_CHUNK_ROWS} rows`);
  if (lines.length !== head.data.rows) throw fault(`has ${lines.length} rows, not ${head.data.rows}`);
  const rows = lines.map((line, at) => {
    const where = (what: string): RefineError => fault(`has a row ${head.data.first + at} that ${what}`);
    const parsed = parseChunkRow(parseExactObject(line, LIMITS, where).exact);
    if ('fault' in parsed) throw where(parsed.fault);
    return parsed.row;
  });
  return { head: head.data, rows };
};

const NEWLINE = 10;

/** The head and the rows, and at most one line more than a chunk may have: an object of newlines has half a billion. */
const linesOf = (bytes: Buffer): Buffer[] => {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length && lines.length <= MAX_CHUNK_ROWS + 1;) {
    const end = bytes.indexOf(NEWLINE, from);
    lines.push(bytes.subarray(from, end === -1 ? bytes.length : end));
    from = end === -1 ? bytes.length : end + 1;
  }
  return lines;
};
