/** Reads the table of a request: pandas' `split` form or a list of records, as MLflow and Azure ML accept. */
import { RefineError } from '../../../errors.js';
import { isObject } from '../../../io/json/parse-json.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import { requestKeyOf } from './request-keys.js';

export type Cells = Readonly<Record<string, unknown>>;

export interface RequestTable {
  rows: readonly Cells[];
  /** Settings of all rows; undefined: not given. */
  params: unknown;
}

const EXAMPLE = '{"input_data": {"columns": ["image", "prompt"], "index": [0], "data": [["<base64>", "<prompt>"]]}}';

/** @throws REQUEST_INVALID */
export const readTable = (body: unknown): RequestTable => {
  if (!isObject(body)) throw invalid(`Expected a JSON object like ${EXAMPLE}, got ${formatValue(body)}.`);
  const input = body['input_data'];
  if (input === undefined) {
    const keys = Object.keys(body).slice(0, 5).join(', ') || 'none';
    throw invalid(`Expected the key input_data, found ${keys}: send ${EXAMPLE}.`);
  }
  if (Array.isArray(input)) return { rows: nonEmpty(input.map(toRecord)), params: body['params'] };
  if (!isObject(input))
    throw invalid(`Expected input_data to be an object like ${EXAMPLE}, got ${formatValue(input)}.`);
  const params = mergeParams(body['params'], input['params']);
  const { columns, data } = input;
  if (data === undefined) throw invalid(`Expected input_data.data, the rows, found none: send ${EXAMPLE}.`);
  if (!Array.isArray(data)) throw invalid(`Expected input_data.data to be a list of rows, got ${formatValue(data)}.`);
  checkIndex(input['index'], data.length);
  const names = readColumns(columns);
  return { rows: nonEmpty(data.map((row, index) => readRow(row, names, index))), params };
};

const nonEmpty = (rows: readonly Cells[]): readonly Cells[] => {
  if (rows.length > 0) return rows;
  throw invalid('Expected at least one row of data, found none.');
};

const toRecord = (row: unknown, index: number): Cells => {
  if (isObject(row)) return row;
  throw invalid(`Expected row ${index} of input_data to be an object, got ${formatValue(row)}.`);
};

/** Most columns of a table: some dozens are known, and others are ignored. */
const MAX_COLUMNS = 1000;

/** Name of a column; null: not text, so the column is ignored. pandas numbers columns without a name. */
type ColumnName = string | null;

const readColumns = (columns: unknown): readonly ColumnName[] | null => {
  if (columns === undefined) return null;
  if (!Array.isArray(columns)) {
    throw invalid(`Expected input_data.columns to be a list of names, got ${formatValue(columns)}.`);
  }
  if (columns.length > MAX_COLUMNS) {
    throw invalid(`Expected at most ${MAX_COLUMNS} columns, found ${columns.length}: send those that the rows need.`);
  }
  const names = columns.map((name) => (typeof name === 'string' ? name : null));
  const seen = new Set<string>();
  for (const name of names) {
    if (name === null || !isKnown(name)) continue;
    if (seen.has(name)) throw invalid(`Expected each column once, found ${formatValue(name)} twice.`);
    seen.add(name);
  }
  return names;
};

const isKnown = (name: string): boolean => name === 'params' || requestKeyOf(name) !== undefined;

const checkIndex = (index: unknown, rows: number): void => {
  if (index === undefined || (Array.isArray(index) && index.length === rows)) return;
  const given = Array.isArray(index) ? `${index.length} entries` : formatValue(index);
  throw invalid(`Expected input_data.index to be a list with an entry for each of the ${rows} rows, got ${given}.`);
};

/** Reads a row: a list in the order of the columns, or an object as in Azure's samples. */
const readRow = (row: unknown, columns: readonly ColumnName[] | null, index: number): Cells => {
  if (!Array.isArray(row)) return toRecord(row, index);
  if (columns === null) throw invalid('Expected input_data.columns, the names of the cells, found none.');
  if (row.length !== columns.length) {
    throw invalid(`Expected row ${index} to have ${columns.length} cells, one for each column, got ${row.length}.`);
  }
  return Object.fromEntries(columns.flatMap((name, place) => (name === null ? [] : [[name, row[place]]])));
};

const mergeParams = (outer: unknown, inner: unknown): unknown => {
  if (outer === undefined || inner === undefined) return outer ?? inner;
  throw invalid('Expected params beside input_data or inside it, found both: remove one.');
};

const invalid = (message: string): RefineError => new RefineError('REQUEST_INVALID', message);
