/** Reads CSV and TSV as raw rows. */
import { parse } from 'csv-parse/sync';
import { listSome, RefineError, systemCodeOf } from '../../../errors.js';
import { csvLineEnds } from './csv-line-ends.js';
import { decodeText } from './decode-text.js';
import { readText } from '../rows/parse-value.js';
import { fileNames, matchKey, MAX_ROW_KEYS, onlyFileName, placeOf, replaces, type RawRow } from './raw-row.js';
import { meantKey } from '../rows/foreign-names.js';
import { joinSampler, samplerPartOf } from '../rows/sampler-parts.js';
import { readLines } from './read-lines.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { isSpelling, keysWithSynonyms, ROW_KEYS, rowKeyNames, type RowKeyName } from '../rows/row-keys.js';
import { formatValue } from '../rows/format-value.js';

interface Column {
  header: string;
  /** null for an unknown column. */
  key: RowKeyName | null;
}

type Cells = { cells: string[] } | { problem: string };

/** Spaces around a cell are ignored, unless it is quoted. */
const CELLS = { record_delimiter: '\n', max_record_size: 0, relax_column_count: true, trim: true } as const;
const AFTER_QUOTE = ['CSV_INVALID_CLOSING_QUOTE', 'CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE'];

const QUOTE = 34;

/** Number of cells in a record, counted before it is parsed. */
const countCells = (record: string, delimiter: string): number => {
  const separator = delimiter.charCodeAt(0);
  let count = 1;
  let isQuoted = false;
  for (let at = 0; at < record.length; at++) {
    const unit = record.charCodeAt(at);
    if (unit === QUOTE) isQuoted = !isQuoted;
    else if (unit === separator && !isQuoted) count += 1;
  }
  return count;
};

/** The parser works on UTF-8, which has U+FFFD for them: one for each, in the same order. */
const withLoneSurrogates = (cells: readonly string[], record: string): string[] => {
  const written = record.matchAll(/\ufffd|\p{Surrogate}/gu);
  return cells.map((cell) => cell.replaceAll('\ufffd', (sign) => written.next().value?.[0] ?? sign));
};

/** Parses a single record, so that a malformed one does not affect others. */
const parseCells = (record: string, delimiter: string): Cells => {
  const count = countCells(record, delimiter);
  if (count > MAX_ROW_KEYS) return { problem: `Expected at most ${MAX_ROW_KEYS} cells in a record, found ${count}` };
  try {
    /* Programs that write tabs quote few cells: Excel and pandas read a quote inside a cell as a character. */
    const [cells = []] = parse(record, { ...CELLS, delimiter, relax_quotes: delimiter === '\t' });
    return { cells: record.isWellFormed() ? cells : withLoneSurrogates(cells, record) };
  } catch (error) {
    if (AFTER_QUOTE.includes(systemCodeOf(error) ?? '')) {
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
  const columns: Column[] = cells.map((cell) => {
    const header = cell.trim();
    return { header, key: matchKey(header, inputName, line, command) };
  });
  for (const name of keysWithSynonyms(command)) {
    if (columns.some(({ key }) => key === name || replaces(key, name))) continue;
    const headers = columns.map(({ header }) => header);
    const synonym =
      ROW_KEYS[name].synonyms.find((candidate) => headers.includes(candidate)) ??
      (name === 'image' ? onlyFileName(headers) : undefined);
    const column = columns.find(({ header }) => header === synonym);
    if (column !== undefined) column.key = name;
  }
  const fail = (message: string): never => {
    throw new RefineError('MANIFEST_SYNTAX', `${message} (${placeOf(inputName, line)})`, {
      context: { input: inputName, line },
    });
  };
  const seen = new Map<string, string>();
  for (const { header, key } of columns) {
    const name = key ?? header;
    const other = seen.get(name);
    if (other !== undefined && areParts(other, header)) continue;
    if (other === header) fail(`Expected each column once, found ${formatValue(header)} twice`);
    if (other !== undefined) {
      fail(
        `Expected each key once, found ${formatValue(other)} and ${formatValue(header)}, which both mean ${name}: rename one of them`,
      );
    }
    if (name !== '') seen.set(name, header);
  }
  if (columns.every(({ key }) => key === null)) {
    fail(
      `Expected a header that names keys (${rowKeyNames(command).slice(0, 4).join(', ')}, …), found ${formatValue(cells)}`,
    );
  }
  if (command === 'batch' && !columns.some(({ key }) => key === 'image' || key === 'latents')) {
    fail(noPictures(columns.map(({ header }) => header)));
  }
  return columns;
};

/** Whether two columns are a sampler and its noise levels, which rows join. */
const areParts = (one: string, other: string): boolean => {
  const [part, beside] = [samplerPartOf(one), samplerPartOf(other)];
  return part !== undefined && beside !== undefined && part !== beside;
};

/** A name that a column of pictures may have. */
const OF_PICTURES = /image|img|picture|photo|file|path|url/i;
const NAMED_COLUMNS = 10;

/** Each row would fail for it. */
const noPictures = (headers: readonly string[]): string => {
  const files = fileNames(headers);
  const likely = headers.find((header) => OF_PICTURES.test(header));
  const mend =
    files.length > 1
      ? `Rename one of ${listSome(files.map(formatValue), NAMED_COLUMNS)} to image`
      : likely === undefined
        ? 'Add a column image'
        : `Rename the column ${formatValue(likely)} to image`;
  const found = listSome(headers.map(formatValue), NAMED_COLUMNS);
  return `Expected a column of pictures (image, ${ROW_KEYS.image.synonyms.join(', ')}) or latents, found ${found}. ${mend}`;
};

/** Delimiters of cells; Excel's depends on the machine's language. */
const DELIMITERS = [',', ';', '\t', '|'] as const;
/** First lines that are not headers: Excel’s with the delimiter, and PowerShell’s with the type of its objects. */
const SEP = /^"?sep=([^\w"])"?[,;\t]*$/i;
const TYPE = /^#TYPE /;
/** The end of a file in DOS and CP/M, after its last line. */
const FILE_END = '\x1a';
/** A record of empty cells, with any delimiter. */
const EMPTY = /^[\s,;|]*$/;

const bytesOf = (delimiters: readonly string[]): number[] => delimiters.map((delimiter) => delimiter.charCodeAt(0));

/** The delimiter with which a header names most keys; of equals, the file’s usual one, then the first. */
const findDelimiter = (header: string, usual: string): string => {
  const keysUnder = (delimiter: string): number => {
    const parsed = parseCells(header, delimiter);
    return 'cells' in parsed ? parsed.cells.filter((cell) => isSpelling(cell.trim())).length : 0;
  };
  const delimiters = [usual, ...DELIMITERS.filter((delimiter) => delimiter !== usual)];
  const counts = delimiters.map(keysUnder);
  return delimiters[counts.indexOf(Math.max(...counts))] ?? usual;
};

/** A number with a decimal comma, as Excel writes it in many languages, if the delimiter is not a comma. */
const DECIMAL_COMMA = /^\s*[-+]?\d*,\d+\s*$/;

/** What pandas, R, databases and spreadsheets write for a value that is missing; pandas reads these as such. */
const MISSING = new Set(['nan', 'NaN', 'NULL', 'null', 'None', 'NA', 'N/A', 'n/a', '<NA>', '#N/A', '\\N']);

const readCell = (key: RowKeyName, cell: string, delimiter: string): unknown => {
  const isNumber = ROW_KEYS[key].kind === 'number' && delimiter !== ',' && DECIMAL_COMMA.test(cell);
  return readText(key, isNumber ? cell.replace(',', '.') : cell);
};

const toRawRow = (line: number, cells: readonly string[], columns: readonly Column[], delimiter: string): RawRow => {
  /* Spreadsheets write empty cells after the last. */
  const isTooLong = cells.slice(columns.length).some((cell) => cell !== '');
  if (cells.length < columns.length || isTooLong) {
    return { line, problem: `Expected ${columns.length} cells, as the header has, found ${cells.length}` };
  }
  const known: [RowKeyName, unknown, written?: string][] = [];
  const extra: [string, unknown][] = [];
  const parts: [string, unknown][] = [];
  const missing: string[] = [];
  for (const [at, { header, key }] of columns.entries()) {
    const cell = cells[at] ?? '';
    const isPart = samplerPartOf(header) !== undefined;
    if (MISSING.has(cell) && (isPart || key !== null)) {
      missing.push(`${key ?? header} (${cell})`);
      if (isPart) parts.push([header, null]);
    } else if (isPart) parts.push([header, cell === '' ? null : cell]);
    else if (key === null) {
      if (header !== '') extra.push([header, cell]);
    } else if (cell !== '') {
      known.push([key, readCell(key, cell, delimiter)]);
    }
  }
  for (const [header, cell] of joinSampler(parts)) {
    if (cell === null) continue;
    if (meantKey(header) === undefined) extra.push([header, cell]);
    else known.push(header === 'scheduler' ? ['scheduler', cell] : ['scheduler', cell, header]);
  }
  const row = { line, known, extra: Object.fromEntries(extra) };
  if (missing.length === 0) return row;
  const warning = `Read as no value, since other programs write missing ones so: ${listSome(missing, NAMED_COLUMNS)}.`;
  return { ...row, warnings: [warning] };
};

/**
 * Reads records under a header of keys. An empty cell is an absent value; a record of empty cells is a blank line, not a row;
 * a column without a header is ignored, since pandas writes one. A malformed record is a row with a problem.
 *
 * @param usual delimiter, unless header or `sep=` line imply another
 * @throws RefineError MANIFEST_SYNTAX (not text, an invalid header, a quote that is never closed) | MANIFEST_KEY_UNKNOWN
 */
export async function* readCsv(
  chunks: AsyncIterable<Buffer>,
  inputName: string,
  usual: ',' | '\t',
  command: RowCommand = 'batch',
): AsyncGenerator<RawRow> {
  const ends = csvLineEnds(bytesOf(DELIMITERS));
  let declared: string | null = null;
  let delimiter: string = usual;
  let columns: Column[] | null = null;
  for await (const line of readLines(decodeText(chunks, inputName), ends)) {
    if (ends.openQuoteLine !== null) {
      const place = placeOf(inputName, ends.openQuoteLine);
      const message = `Expected the quote that opens a cell to be closed, found the end of the file (${place})`;
      throw new RefineError('MANIFEST_SYNTAX', message, { context: { input: inputName, line: ends.openQuoteLine } });
    }
    if (columns === null && 'text' in line) {
      if (TYPE.test(line.text) || EMPTY.test(line.text)) continue;
      const sep = SEP.exec(line.text)?.[1];
      if (sep !== undefined) {
        declared = sep;
        ends.delimiters = bytesOf([sep]);
        continue;
      }
      delimiter = declared ?? findDelimiter(line.text, usual);
    }
    const parsed = 'problem' in line ? line : parseCells(line.text, delimiter);
    if ('cells' in parsed && parsed.cells.every((cell) => cell.trim() === '')) continue;
    if ('text' in line && line.text === FILE_END) continue;
    if (columns !== null) {
      yield 'problem' in parsed
        ? { line: line.line, problem: parsed.problem }
        : toRawRow(line.line, parsed.cells, columns, delimiter);
    } else if ('cells' in parsed) {
      columns = parseHeader(parsed.cells, inputName, line.line, command);
      ends.delimiters = bytesOf([delimiter]);
    } else {
      const message = `Could not read the header (${placeOf(inputName, line.line)}). ${parsed.problem}`;
      throw new RefineError('MANIFEST_SYNTAX', message, { context: { input: inputName, line: line.line } });
    }
  }
}
