/** What an opened model and its rows have to say, to a person who wants to hear it. */
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

/** What the engine said is remembered, so as not to be said again; a long run may have a note for each row. */
const MOST_SAID = 100;

/** What the model and the engine say comes once a run, what a row says of itself once a row. */
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
