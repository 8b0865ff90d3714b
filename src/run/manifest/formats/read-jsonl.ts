/** Reads JSON lines as raw rows. */
import { messageOf } from '../../../errors.js';
import { parseExactObject } from '../../../io/json/parse-json.js';
import { decodeText } from './decode-text.js';
import { matchKey, ROW_JSON, applySynonyms, type RawRow } from './raw-row.js';
import { joinSampler } from '../rows/sampler-parts.js';
import { readLines, type Line } from './read-lines.js';
import type { RowCommand } from '../../../records/setting-kinds.js';

/** The end of a file in DOS and CP/M, after its last line. */
const FILE_END = '\x1a';

type Parsed = ReturnType<typeof parseExactObject> | { problem: string };

const parseObject = (text: string): Parsed => {
  try {
    return parseExactObject(text, ROW_JSON, (what) => new Error(what));
  } catch (thrown) {
    const why = /^\s*\[/.test(text)
      ? 'it begins a list; write each object of the list on a line of its own (jq -c ".[]")'
      : text.trim() === '{'
        ? 'it begins an object of several lines; write each object on one line (jq -c .)'
        : `it ${messageOf(thrown)}`;
    return { problem: `Expected one JSON object on the line, like {"image":"cat.png","prompt":"a cat"}: ${why}` };
  }
};

const toRawRow = (line: Line, inputName: string, command: RowCommand): RawRow => {
  if ('problem' in line) return line;
  const parsed = parseObject(line.text);
  if ('problem' in parsed) return { line: line.line, problem: parsed.problem };
  const row: RawRow & { known: unknown } = { line: line.line, known: [], extra: {} };
  const extra: [string, unknown][] = [];
  for (const [name, value] of joinSampler(Object.entries(parsed.value))) {
    const key = matchKey(name, inputName, line.line, command);
    /* Results have it as it is written here; a setting is a number, though rounded. Messages about seeds have their digits. */
    const exact = parsed.exact[name];
    if (key === null) extra.push([name, exact]);
    else if (value !== null) {
      const given = typeof exact === 'bigint' && key.endsWith('seed') ? exact : value;
      row.known.push(name === key ? [key, given] : [key, given, name]);
    }
  }
  const rest = applySynonyms(row.known, extra, command);
  // fromEntries defines properties, so that "__proto__" is an ordinary key.
  row.extra = Object.fromEntries(rest);
  return row;
};

/**
 * Reads one row per line; blank lines are skipped. null is an absent value. A line that is not a JSON object is a row with a
 * problem.
 *
 * @throws RefineError MANIFEST_SYNTAX (not text) | MANIFEST_KEY_UNKNOWN
 */
export async function* readJsonl(
  chunks: AsyncIterable<Buffer>,
  inputName: string,
  command: RowCommand = 'batch',
): AsyncGenerator<RawRow> {
  for await (const line of readLines(decodeText(chunks, inputName))) {
    if ('problem' in line || (line.text.trim() !== '' && line.text !== FILE_END))
      yield toRawRow(line, inputName, command);
  }
}
