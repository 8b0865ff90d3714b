/** Reads the body of a request: from bytes to rows and their pictures. */
import { isRefineError, RefineError } from '../../../errors.js';
import { decodeInline } from '../../../media/image/decode-inline.js';
import { findIn, type ListedLoras } from '../../../run/manifest/inputs/lora-folder.js';
import type { RowContext } from '../../../run/manifest/rows/resolve-settings.js';
import type { Row } from '../../../records/row.js';
import { parseJsonBody } from './json-body.js';
import { parseRequest, type RequestLimits } from './parse-request.js';

export interface RequestRow {
  row: Row;
  /** The encoded picture from the body; null: it must be fetched from the row's URL. */
  picture: Uint8Array | null;
}

/** Reads a body into rows, on this thread or another. Rejects with REQUEST_*, ROW_FIELD_* and IMAGE_UNDECODABLE. */
export type ReadRequest = (body: Uint8Array, runSeed: number) => Promise<readonly RequestRow[]>;

/** Plain values, which can be sent to another thread. */
export interface RequestOptions {
  /** Without `runSeed`, which is drawn for each request. */
  rows: Omit<RowContext, 'runSeed' | 'findLora' | 'readMetadata'>;
  /** LoRAs that rows can name; null: only those of --lora. */
  loraFolder: ListedLoras | null;
  limits: RequestLimits;
}

export const requestReader = ({ rows: context, loraFolder, limits }: RequestOptions): ReadRequest => {
  const lora = loraFolder === null ? {} : { findLora: findIn(loraFolder) };
  return async (body, runSeed) => {
    const rows = await parseRequest(parseJsonBody(body), { ...context, ...lora, runSeed }, limits);
    return rows.map(withPicture);
  };
};

/** Decodes an inline picture and drops its text, to save memory. */
const withPicture = (row: Row): RequestRow => {
  const { source } = row;
  if (source.kind !== 'inline') return { row, picture: null };
  try {
    return { row: { ...row, source: { kind: 'inline', text: '' } }, picture: decodeInline(source.text) };
  } catch (thrown) {
    if (!isRefineError(thrown)) throw thrown;
    throw new RefineError(thrown.code, thrown.message, {
      context: { ...thrown.context, row: row.index },
      cause: thrown,
    });
  }
};
