/** Warnings of an opened model and of its rows, on standard error. */
import type { RowProcessor } from '../../../run/batch/row-processor.js';
import type { ResultRecord } from '../../../records/result.js';
import type { RowOrigin } from '../../../records/row.js';
import { escapeControls } from './escape-controls.js';
import type { ProcessContext } from '../process-context.js';

/** A note of one row, named by its picture, else by its place. */
export const rowNote = (
  { image, input, row }: { image: string | null; input: string; row: number },
  warning: string,
): string => `Note: ${escapeControls(`${image ?? `${input} row ${row}`}: ${warning}`)}\n`;

/** The notes of a row's result. */
export const resultNotes = ({
  image,
  input_csv_name: input,
  row_number_per_file: row,
  warnings = [],
}: ResultRecord): string => warnings.map((warning) => rowNote({ image, input, row }, warning)).join('');

/** Each warning of the engine is printed once; a long run may have another one for each row. */
const MOST_SAID = 100;

/** Prints warnings of the model and the engine once per run, and warnings of a row once per row. */
export const printWarnings = (work: RowProcessor, stderr: Pick<ProcessContext['stderr'], 'write'>): RowProcessor => {
  const said = new Set<string>();
  const say = (warnings: readonly string[] = []): void => {
    for (const warning of warnings) {
      if (said.size > MOST_SAID || said.has(warning)) continue;
      said.add(warning);
      stderr.write(
        said.size > MOST_SAID ? 'Note: more notes are in the results, under warnings.\n' : `Note: ${warning}\n`,
      );
    }
  };
  const sayOfRow = (row: RowOrigin & { sourceText: string | null }, warnings: readonly string[] = []): void => {
    const place = { image: row.sourceText, input: row.inputName, row: row.rowNumberPerFile };
    for (const warning of new Set(warnings)) stderr.write(rowNote(place, warning));
  };
  return {
    ...work,
    async open(signal) {
      const info = await work.open(signal);
      say(info.warnings);
      return info;
    },
    async *run(rows, context) {
      for await (const row of work.run(rows, context)) {
        if (row.kind === 'refined') {
          sayOfRow(row.ready.row, [...(row.ready.row.warnings ?? []), ...row.ready.prepared.warnings]);
          say(row.reply.warnings);
        } else if (row.kind !== 'done') sayOfRow(row.row, row.row.warnings);
        yield row;
      }
    },
  };
};
