/** The body of a request to score, from its bytes to rows and their pictures. */
import { isRefineError, RefineError } from '../../../errors.js';
import { decodeInline } from '../../../media/image/decode-inline.js';
import { findIn, type ListedLoras } from '../../../run/manifest/inputs/lora-folder.js';
import type { RowContext } from '../../../run/manifest/rows/resolve-settings.js';
import type { Row } from '../../../records/row.js';
import { parseJsonBody } from './json-body.js';
import { parseRequest, type RequestLimits } from './parse-request.js';

export interface RequestRow {
  row: Row;
  /** The encoded picture that the request brought along; null: it is at the row's URL. */
  picture: Uint8Array | null;
}

/** How a body becomes rows: here, or elsewhere so that nothing waits for it. Rejects with REQUEST_*, ROW_FIELD_* and IMAGE_UNDECODABLE. */
export type ReadRequest = (body: Uint8Array, runSeed: number) => Promise<readonly RequestRow[]>;

/** Plain values, which another thread can be given. */
export interface RequestOptions {
  /** `runSeed` is drawn anew for each request. */
  rows: Omit<RowContext, 'runSeed' | 'findLora' | 'readMetadata'>;
  /** LoRAs that rows can name; null: there are none beside the run's own. */
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

/** The text of a picture is not kept beside its bytes. */
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
