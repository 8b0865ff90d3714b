/** Parses the body of a request, in the form of Azure ML's endpoint, into rows. Opens no files. */
import { RefineError } from '../../../errors.js';
import { likelySpelling } from '../../../run/manifest/rows/foreign-names.js';
import { parseRow } from '../../../run/manifest/rows/parse-row.js';
import type { RawRow } from '../../../run/manifest/formats/raw-row.js';
import type { RowContext } from '../../../run/manifest/rows/resolve-settings.js';
import { rowKeyOf, type RowKeyName } from '../../../run/manifest/rows/row-keys.js';
import { joinSampler } from '../../../run/manifest/rows/sampler-parts.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import type { Row } from '../../../records/row.js';
import { isRefused, requestKeyOf } from './request-keys.js';
import { readTable, type Cells } from './read-table.js';

export interface RequestLimits {
  /** Most rows of one request. */
  maxRows: number;
}

/** Most keys of a row, or of the request's `params`. */
const MAX_KEYS = 1000;
const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const IS_ACCEPTED = /^(?:data:|https?:\/\/)/i;

/**
 * @param body parsed JSON: `{"input_data": {"columns", "index", "data"}, "params": {…}}`
 * @returns the rows in order; priority of settings: the row's columns, its `params`, the request's `params`, `context.options`
 * @throws REQUEST_INVALID, and ROW_FIELD_* of the first invalid row
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

/** @throws REQUEST_INVALID for a value that is not an object, and for a misspelled key */
const readSettings = (object: unknown, place: string): ReadonlyMap<RowKeyName, unknown> => {
  const settings = new Map<RowKeyName, unknown>();
  const written = new Map<RowKeyName, string>();
  if (object === undefined || object === null) return settings;
  if (typeof object !== 'object' || Array.isArray(object)) {
    throw invalid(`Expected ${place} to be an object of settings, got ${formatValue(object)}.`);
  }
  const entries = joinSampler(Object.entries(object));
  if (entries.length > MAX_KEYS)
    throw invalid(`Expected at most ${MAX_KEYS} keys (${place}), found ${entries.length}.`);
  for (const [name, value] of entries) {
    const key = requestKeyOf(name);
    if (key === undefined) refuseMisspelling(name, place);
    else if (isRefused(key)) {
      throw invalid(`Expected no ${key} (${place}): a request brings its picture along, and takes the result with it.`);
    } else if (value === null) continue;
    else if (settings.has(key)) {
      const names = [written.get(key), name].map(formatValue).join(' and ');
      throw invalid(`Expected ${key} once (${place}), found ${names}, which both mean it: remove one.`);
    } else {
      settings.set(key, value);
      written.set(key, name);
    }
  }
  return settings;
};

const refuseMisspelling = (name: string, place: string): void => {
  if (rowKeyOf(name) !== undefined) return;
  const near = likelySpelling(name, 'batch');
  if (near === null) return;
  throw invalid(`Unknown key ${formatValue(name)} (${place}): did you mean "${near}"? Correct it, or rename it.`);
};

/** Makes an image that is not a URL a data: URL of base64, so that it cannot be a path as in a manifest; trims white space for the same reason. */
const inline = (image: unknown, place: string): unknown => {
  if (image === undefined) {
    throw new RefineError(
      'ROW_FIELD_MISSING',
      `Expected an image, found none: add the key image, with base64, a data: URL or a public http(s) URL (${place})`,
    );
  }
  if (typeof image !== 'string') return image;
  const text = image.trimStart();
  if (text === '' || IS_ACCEPTED.test(text)) return text;
  if (!HAS_SCHEME.test(text)) return `data:;base64,${text}`;
  throw invalid(
    `Expected image to be base64, a data: URL or a public http(s) URL (${place}), got ${formatValue(text)}: send the picture itself.`,
  );
};

const invalid = (message: string): RefineError => new RefineError('REQUEST_INVALID', message);
