/** The lines of a row that fails: the result that an earlier run has of its output stays, as the output does. */
import type { InvalidRow, Row } from '../../records/row.js';
import type { ResultRecord } from '../../records/result.js';
import type { EarlierResults } from '../results/earlier-results.js';

export interface FailedLines {
  /** Lines to append to the results. */
  lines: readonly ResultRecord[];
  /** Whether the result of an earlier run stays. */
  isKept: boolean;
}

/**
 * If the row's input could not be read, or its output not be written, it fails without a digest, and a later run tries it again: the
 * earlier line alone stays, as if the row had not been tried. A row that failed with other settings, or names another input than that
 * line, has both lines.
 *
 * @param record of the failed row @param base size in bytes of the results that this run is appended to
 */
export const linesOfFailed = async (
  row: Row | InvalidRow,
  record: ResultRecord,
  { earlier, base }: { earlier: EarlierResults | null; base: number },
): Promise<FailedLines> => {
  const alone = { lines: [record], isKept: false };
  const found = 'output' in row ? ((await earlier?.findOutput(row.output)) ?? null) : null;
  if (found === null) return alone;
  /* The same work, whose output is no longer as it was written. */
  if (record.digest !== null && record.digest === found.record.digest) return alone;
  const { row_number_per_file, input_csv_name } = record;
  if (found.offset < base) {
    /* That line stays anyway. A row of another input may have the name by mistake: its failure is told. */
    const isSameRow = found.record.input_csv_name === input_csv_name && found.record.image === record.image;
    return record.digest === null && isSameRow ? { lines: [], isKept: true } : alone;
  }
  const kept = { ...found.record, row_number_per_file, input_csv_name };
  const isAway = record.digest === null && record.image === found.record.image;
  return { lines: isAway ? [kept] : [record, kept], isKept: true };
};
