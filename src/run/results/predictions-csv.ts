/** The Azure ML batch endpoint's `predictions.csv`, from the results of a run. */
import { isRefineError, RefineError } from '../../errors.js';
import type { ResultRecord } from '../../records/result.js';
import { outputUnwritable } from './output-error.js';
import { readResults } from './read-results.js';
import { writeAtomically, writeNew } from './write-atomically.js';

/** A cell as pandas writes it: quoted only if necessary, None empty, booleans capitalised. */
const toCell = (value: string | number | boolean | null): string => {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  const text = String(value).toWellFormed();
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const toCsvLine = (record: ResultRecord): string =>
  [record.row_number_per_file, record.image_file_name, record.nsfw_content_detected, record.input_csv_name]
    .map(toCell)
    .join(',') + '\n';

async function* csvLines(resultsPath: string): AsyncGenerator<string> {
  try {
    for await (const record of readResults(resultsPath)) yield toCsvLine(record);
  } catch (cause) {
    /* These are the run's own results, not an input: the error is of writing, not of a manifest. */
    throw outputUnwritable(resultsPath, cause);
  }
}

/**
 * Writes one line per result, without a header, as the endpoint does: row_number_per_file, image_file_name,
 * nsfw_content_detected, input_csv_name. Column order: azureml-examples, safe-image-text-to-image-batch-deployment.ipynb.
 *
 * @param replaces whether an existing file is replaced
 * @throws RefineError OUTPUT_UNWRITABLE | OUTPUT_EXISTS
 */
export const writePredictionsCsv = async (resultsPath: string, csvPath: string, replaces = true): Promise<void> => {
  if (replaces) return writeAtomically(csvPath, csvLines(resultsPath));
  await writeNew(csvPath, csvLines(resultsPath)).catch((thrown: unknown) => {
    if (!isRefineError(thrown) || thrown.code !== 'OUTPUT_TAKEN') throw thrown;
    throw new RefineError(
      'OUTPUT_EXISTS',
      `Expected no file at ${csvPath}, found one that another program wrote during this run; it is not replaced. The results are complete, the CSV is missing. Give --resume, and choose another --predictions-csv.`,
      { context: { path: csvPath }, cause: thrown },
    );
  });
};
