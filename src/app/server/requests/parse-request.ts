/** The body of a request to score, as Azure ML's endpoint takes it, to rows. Opens nothing, and no file ever. */
import { RefineError } from '../../../errors.js';
import { nearestKey } from '../../../run/manifest/rows/nearest-key.js';
import { parseRow } from '../../../run/manifest/rows/parse-row.js';
import type { RawRow } from '../../../run/manifest/formats/raw-row.js';
import type { RowContext } from '../../../run/manifest/rows/resolve-settings.js';
import { rowKeyOf, spellingsOf, type RowKeyName } from '../../../run/manifest/rows/row-keys.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import type { Row } from '../../../records/row.js';
import { isRefused, requestKeyOf } from './request-keys.js';
import { readTable, type Cells } from './read-table.js';

export interface RequestLimits {
  /** Pictures of one request. */
  maxRows: number;
}

/** Keys of a row's or the request's settings. */
const MAX_KEYS = 1000;
const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const IS_ACCEPTED = /^(?:data:|https?:\/\/)/i;

/**
 * @param body parsed JSON: `{"input_data": {"columns", "index", "data"}, "params": {…}}`
 * @returns the rows in their order: a row's own columns over its `params` over the request's `params` over `context.options`
 * @throws REQUEST_INVALID, and ROW_FIELD_* of the first row that is wrong
 */
export const parseRequest = async (
  body: unknown,
  context: RowContext,
  { maxRows }: RequestLimits,
): Promise<readonly Row[]> => {
  const { rows, params } = readTable(body);
  if (rows.length > maxRows) {
    throw new RefineError(
      'REQUEST_TOO_LARGE',
      `Expected at most ${maxRows} rows in a request, found ${rows.length}: send several requests, or use batch.`,
    );
  }
  const shared = readSettings(params, 'params');
  return Promise.all(rows.map((cells, index) => toRow(cells, shared, index, context)));
};

const toRow = async (
  cells: Cells,
  shared: ReadonlyMap<RowKeyName, unknown>,
  index: number,
  context: RowContext,
): Promise<Row> => {
  const place = `row ${index}`;
  const { params, ...own } = cells;
  const known = new Map([...shared, ...readSettings(params, `params of ${place}`), ...readSettings(own, place)]);
  known.set('image', inline(known.get('image'), place));
  const raw: RawRow = { line: null, known: [...known].filter(([, value]) => value !== undefined), extra: {} };
  const origin = { index, rowNumberPerFile: index, inputName: 'input_data', line: null };
  const row = await parseRow(raw, origin, '/', { ...context, picturesBefore: index });
  if ('error' in row) throw new RefineError(row.error.code, row.error.message, { context: { row: index } });
  return { ...row, output: row.stem };
};

/** @throws REQUEST_INVALID for what is no object, and for a key that is a slip of one of ours */
const readSettings = (object: unknown, place: string): ReadonlyMap<RowKeyName, unknown> => {
  const settings = new Map<RowKeyName, unknown>();
  if (object === undefined || object === null) return settings;
  if (typeof object !== 'object' || Array.isArray(object)) {
    throw invalid(`Expected ${place} to be an object of settings, got ${formatValue(object)}.`);
  }
  const entries = Object.entries(object);
  if (entries.length > MAX_KEYS)
    throw invalid(`Expected at most ${MAX_KEYS} keys (${place}), found ${entries.length}.`);
  for (const [name, value] of entries) {
    const key = requestKeyOf(name);
    if (key === undefined) refuseSlip(name, place);
    else if (isRefused(key)) {
      throw invalid(`Expected no ${key} (${place}): a request brings its picture along, and takes the result with it.`);
    } else if (settings.has(key)) {
      throw invalid(`Expected ${key} once (${place}), found it under two names: remove one.`);
    } else if (value !== null) settings.set(key, value);
  }
  return settings;
};

const refuseSlip = (name: string, place: string): void => {
  if (rowKeyOf(name) !== undefined) return;
  const near = nearestKey(name, spellingsOf('batch'));
  if (near === null) return;
  throw invalid(`Unknown key ${formatValue(name)} (${place}): did you mean "${near}"? Correct it, or rename it.`);
};

/** What is no URL is base64: in a manifest it could be a path, and so could a URL behind white space. */
const inline = (image: unknown, place: string): unknown => {
  if (typeof image !== 'string') return image;
  const text = image.trimStart();
  if (text === '' || IS_ACCEPTED.test(text)) return text;
  if (!HAS_SCHEME.test(text)) return `data:;base64,${text}`;
  throw invalid(
    `Expected image to be base64, a data: URL or a public http(s) URL (${place}), got ${formatValue(text)}: send the picture itself.`,
  );
};

const invalid = (message: string): RefineError => new RefineError('REQUEST_INVALID', message);
