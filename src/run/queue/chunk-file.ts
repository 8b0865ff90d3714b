/** A chunk of a run as an object: a line about it, then its rows, resolved. */
import { z } from 'zod';
import { isRefineError, messageOf, RefineError, type ErrorCode, ERROR_CODES } from '../../errors.js';
import { parseJsonObject } from '../../io/json/parse-json.js';
import type { Store } from '../../io/store/store.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { SETTINGS } from '../../records/setting-table.js';
import { loraWeight } from '../../records/setting-kinds.js';
import { camelCase, SETTING_NAMES } from '../../records/settings.js';
import { parseOutput } from '../manifest/rows/output-name.js';
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

export type ChunkRow = Row | InvalidRow;

export const rowLine = (row: ChunkRow): string => `${JSON.stringify(row)}\n`;

export const encodeChunk = (head: ChunkHead, lines: readonly string[]): Uint8Array =>
  Buffer.from(`${JSON.stringify(head)}\n${lines.join('')}`);

const count = z.int().min(0);
const headSchema = z.object({ run: z.string(), chunk: count, first: count, rows: count, steps: count });
const settings = z.object({
  ...Object.fromEntries(SETTING_NAMES.map((name) => [camelCase(name), SETTINGS[name].schema.nullish()])),
  loraWeights: z.record(z.string(), loraWeight).optional(),
});
const source = z.looseObject({ kind: z.string() });
const shared = {
  index: count,
  rowNumberPerFile: count,
  inputName: z.string(),
  line: count.nullable(),
  id: z.string().nullable(),
  sourceText: z.string().nullable(),
  settings,
  extra: z.record(z.string(), z.unknown()),
  warnings: z.array(z.string()).optional(),
};
const validRow = z.object({
  ...shared,
  source,
  fit: z.enum(['pad', 'resize']),
  output: z.string().refine((name) => parseOutput(name, 'png') === name),
  encoding: z
    .object({
      format: z.enum(['png', 'jpeg', 'webp', 'avif', 'tiff']),
      quality: z.int().min(1).max(100).nullable(),
      bitDepth: z.union([z.literal(8), z.literal(16)]),
      metadata: z.boolean(),
    })
    .nullable(),
});
const invalidRow = z.object({
  ...shared,
  source: source.optional(),
  error: z.object({ code: z.enum(ERROR_CODES as readonly [ErrorCode, ...ErrorCode[]]), message: z.string() }),
  problems: z.array(z.string()),
});

export interface Chunk {
  head: ChunkHead;
  rows: readonly ChunkRow[];
}

/**
 * Reads a chunk that `encodeChunk` made. Everything is checked again: who may write to the store must not write elsewhere.
 * @throws QUEUE_CHUNK_INVALID STORE_*
 */
export const readChunk = async (store: Store, chunk: number, signal: AbortSignal): Promise<Chunk> => {
  const name = chunkName(chunk);
  const bytes = Buffer.from(await store.read(name, { maxBytes: MAX_CHUNK_BYTES, signal }));
  const fault = (what: string): RefineError =>
    new RefineError(
      'QUEUE_CHUNK_INVALID',
      `Expected ${name} in ${store.shown} to be as sdxl-refine enqueue wrote it, but it ${what}. Restore the object, then run sdxl-refine queue retry.`,
      { context: { store: store.shown, chunk } },
    );
  const [first, ...lines] = linesOf(bytes);
  const head = headSchema.safeParse(parseJsonObject(first ?? '', LIMITS, fault));
  if (!head.success || head.data.chunk !== chunk) throw fault('begins with another line');
  if (lines.length !== head.data.rows) throw fault(`has ${lines.length} rows, not ${head.data.rows}`);
  const rows = lines.map((line, at) => {
    const where = (what: string): RefineError => fault(`has a row ${head.data.first + at} that ${what}`);
    return parseRow(parseJsonObject(line, LIMITS, where), where);
  });
  return { head: head.data, rows };
};

const parseRow = (value: Record<string, unknown>, fault: (what: string) => RefineError): ChunkRow => {
  try {
    const parsed = ('error' in value ? invalidRow : validRow).safeParse(value);
    if (parsed.success) return value as unknown as ChunkRow;
    const [issue] = parsed.error.issues;
    throw fault(`has an invalid "${issue?.path.join('.') ?? ''}"`);
  } catch (thrown) {
    if (isRefineError(thrown) && thrown.code === 'QUEUE_CHUNK_INVALID') throw thrown;
    throw fault(messageOf(thrown));
  }
};

const NEWLINE = 10;

const linesOf = (bytes: Buffer): Buffer[] => {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, from);
    lines.push(bytes.subarray(from, end === -1 ? bytes.length : end));
    from = end === -1 ? bytes.length : end + 1;
  }
  return lines;
};
