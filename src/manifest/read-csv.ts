/** CSV and TSV to raw rows. */
import { parse } from 'csv-parse/sync';
import { RefineError, systemCodeOf } from '../errors.js';
import { csvLineEnds } from './csv-line-ends.js';
import { readText } from './parse-value.js';
import { matchKey, placeOf, type RawRow } from './raw-row.js';
import { readLines } from './read-lines.js';
import type { RowCommand } from './row-key.js';
import { rowKeyNames, type RowKeyName } from './row-keys.js';
import { showValue } from './show-value.js';

interface Column {
  header: string;
  /** null: not one of ours. */
  key: RowKeyName | null;
}

type Cells = { cells: string[] } | { problem: string };

/** Records are parsed one by one, so that a malformed one costs no other. */
const parseCells = (record: string, delimiter: string): Cells => {
  try {
    const [cells = []] = parse(record, {
      delimiter,
      record_delimiter: '\n',
      max_record_size: 0,
      relax_column_count: true,
    });
    return { cells };
  } catch (error) {
    if (systemCodeOf(error) === 'CSV_INVALID_CLOSING_QUOTE') {
      return {
        problem: 'Expected a quoted cell to end at its quote, found text after it: write a quote inside a cell twice',
      };
    }
    return {
      problem:
        'Expected quotes around the whole cell, found one inside: quote the cell, and write a quote inside it twice',
    };
  }
};

const parseHeader = (cells: readonly string[], inputName: string, line: number, command: RowCommand): Column[] => {
  const columns = cells.map((cell) => {
    const header = cell.trim();
    return { header, key: matchKey(header, inputName, line, command) };
  });
  const fail = (message: string): never => {
    throw new RefineError('MANIFEST_SYNTAX', `${message} (${placeOf(inputName, line)})`, {
      context: { input: inputName, line },
    });
  };
  const names = columns.map(({ header, key }) => key ?? header).filter((name) => name !== '');
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) fail(`Expected each column once, found ${showValue(twice)} twice`);
  if (columns.every(({ key }) => key === null)) {
    fail(
      `Expected a header that names keys (${rowKeyNames(command).slice(0, 4).join(', ')}, …), found ${showValue(cells)}`,
    );
  }
  return columns;
};

const toRawRow = (line: number, cells: readonly string[], columns: readonly Column[]): RawRow => {
  if (cells.length !== columns.length) {
    return { line, problem: `Expected ${columns.length} cells, as the header has, found ${cells.length}` };
  }
  const known: [RowKeyName, unknown][] = [];
  const extra: [string, unknown][] = [];
  for (const [at, { header, key }] of columns.entries()) {
    const cell = cells[at] ?? '';
    if (key === null) {
      if (header !== '') extra.push([header, cell]);
    } else if (cell !== '') {
      known.push([key, readText(key, cell)]);
    }
  }
  return { line, known, extra: Object.fromEntries(extra) };
};

/**
 * Reads records under a header of keys. An empty cell is an absent value; a record of empty cells is a blank line, and
 * no row; a column without a header is left out, for pandas writes one. A malformed record is a row with a problem.
 *
 * @throws RefineError MANIFEST_SYNTAX (the header; a quote that is never closed) | MANIFEST_KEY_UNKNOWN
 */
export async function* readCsv(
  chunks: AsyncIterable<Buffer>,
  inputName: string,
  delimiter: ',' | '\t',
  command: RowCommand = 'batch',
): AsyncGenerator<RawRow> {
  const ends = csvLineEnds(delimiter.charCodeAt(0));
  let columns: Column[] | null = null;
  for await (const line of readLines(chunks, ends)) {
    if (ends.openQuoteLine !== null) {
      const place = placeOf(inputName, ends.openQuoteLine);
      const message = `Expected the quote that opens a cell to be closed, found the end of the file (${place})`;
      throw new RefineError('MANIFEST_SYNTAX', message, { context: { input: inputName, line: ends.openQuoteLine } });
    }
    const parsed = 'problem' in line ? line : parseCells(line.text, delimiter);
    if ('cells' in parsed && parsed.cells.every((cell) => cell.trim() === '')) continue;
    if (columns !== null) {
      yield 'problem' in parsed
        ? { line: line.line, problem: parsed.problem }
        : toRawRow(line.line, parsed.cells, columns);
    } else if ('cells' in parsed) {
      columns = parseHeader(parsed.cells, inputName, line.line, command);
    } else {
      const message = `Could not read the header (${placeOf(inputName, line.line)}). ${parsed.problem}`;
      throw new RefineError('MANIFEST_SYNTAX', message, { context: { input: inputName, line: line.line } });
    }
  }
}
