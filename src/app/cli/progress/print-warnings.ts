/** Prints warnings of a model and its rows on standard error. */
import { hideUriSecrets } from '../../../records/uri-secrets.js';
import type { RowProcessor } from '../../../run/batch/row-processor.js';
import type { ResultRecord } from '../../../records/result.js';
import type { RowOrigin } from '../../../records/row.js';
import { escapeControls } from './escape-controls.js';
import type { ProcessContext } from '../process-context.js';

/** A note about a row, with its picture, else its input and number. */
export const rowNote = (
  { image, input, row }: { image: string | null; input: string; row: number },
  warning: string,
): string =>
  `Note: ${escapeControls(`${image === null ? `${input} row ${row}` : hideUriSecrets(image)}: ${warning}`)}\n`;

/** Notes for the warnings in a result. */
export const resultNotes = ({
  image,
  input_csv_name: input,
  row_number_per_file: row,
  warnings = [],
}: ResultRecord): string => warnings.map((warning) => rowNote({ image, input, row }, warning)).join('');

/** Different warnings of the engine that are printed: a long run may have another one for each row. */
const MAX_PRINTED = 100;

/** Prints warnings of the model and the engine once per run, and warnings of a row once per row. */
export const printWarnings = (work: RowProcessor, stderr: Pick<ProcessContext['stderr'], 'write'>): RowProcessor => {
  const printed = new Set<string>();
  const print = (warnings: readonly string[] = []): void => {
    for (const warning of warnings) {
      if (printed.size > MAX_PRINTED || printed.has(warning)) continue;
      printed.add(warning);
      stderr.write(
        printed.size > MAX_PRINTED ? 'Note: more notes are in the results, under warnings.\n' : `Note: ${warning}\n`,
      );
    }
  };
  const printForRow = (row: RowOrigin & { sourceText: string | null }, warnings: readonly string[] = []): void => {
    const place = { image: row.sourceText, input: row.inputName, row: row.rowNumberPerFile };
    for (const warning of new Set(warnings)) stderr.write(rowNote(place, warning));
  };
  return {
    ...work,
    async open(signal) {
      const info = await work.open(signal);
      print(info.warnings);
      return info;
    },
    async *run(rows, context) {
      for await (const row of work.run(rows, context)) {
        if (row.kind === 'refined') {
          printForRow(row.ready.row, [...(row.ready.row.warnings ?? []), ...row.ready.prepared.warnings]);
          print(row.reply.warnings);
        } else if (row.kind !== 'done') printForRow(row.row, row.row.warnings);
        yield row;
      }
    },
  };
};
