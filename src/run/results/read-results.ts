/** Reads `results.jsonl` back. */
import { RefineError, isRefineError, messageOf } from '../../errors.js';
import { readChunks } from '../../io/files/open-file.js';
import type { ResultRecord } from '../../records.js';

const isRecord = (value: unknown): value is ResultRecord =>
  typeof value === 'object' &&
  value !== null &&
  Number.isInteger((value as ResultRecord).row_number_per_file) &&
  typeof (value as ResultRecord).input_csv_name === 'string' &&
  typeof (value as ResultRecord).status === 'string';

/** A line of a journal; null: it is none. */
export const parseRecord = (line: string): ResultRecord | null => {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
};

interface Line {
  text: string;
  number: number;
  /** Whether it has its end; a run that was killed may leave a last line without. */
  isWhole: boolean;
}

async function* readLines(path: string): AsyncGenerator<Line> {
  let rest = '';
  let number = 0;
  const decoder = new TextDecoder();
  for await (const chunk of readChunks(path, 'results')) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) yield { text, number: ++number, isWhole: true };
  }
  yield { text: rest, number: number + 1, isWhole: false };
}

/**
 * Streams the records of a journal in their order. Blank lines and a torn last line are passed over.
 *
 * @throws RefineError MANIFEST_UNREADABLE when the file cannot be read, or a whole line is no record
 */
export async function* readResults(path: string): AsyncGenerator<ResultRecord> {
  const unreadable = (why: string, cause?: unknown): RefineError =>
    new RefineError('MANIFEST_UNREADABLE', `Expected ${path} to be the results of a run: ${why}`, {
      context: { path },
      cause,
    });
  try {
    for await (const { text, number, isWhole } of readLines(path)) {
      const record = parseRecord(text);
      if (record !== null) yield record;
      else if (isWhole && text.trim() !== '') throw unreadable(`line ${number} is not a result`);
    }
  } catch (error) {
    throw isRefineError(error) ? error : unreadable(messageOf(error), error);
  }
}
