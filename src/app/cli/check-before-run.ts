/** Checks, before a run or a dry run, whether results of an earlier run allow writing to the output folder. */
import { RefineError } from '../../errors.js';
import { bucketOf, parseObjectUri } from '../../io/store/read-object.js';
import { isStoreUri } from '../../io/store/store-uri.js';
import { refuseExistingFile } from '../../run/batch/check-outputs.js';
import { expectCsvPlace } from '../../run/batch/check-csv-path.js';
import { expectNoLink } from '../../run/batch/expect-inside.js';
import { findFilesInUse, NONE_IN_USE, type FilesInUse } from '../../run/batch/files-in-use.js';
import { continueRun, type Continuation } from '../../run/batch/continue-run.js';
import { refuseReplacing } from '../../run/batch/refuse-replacing.js';
import type { ProcessorInfo } from '../../run/batch/row-processor.js';
import { resultsPathOf } from '../../run/results/results-path.js';
import type { EarlierResults } from '../../run/results/earlier-results.js';
import type { BatchRun } from './commands/run-kind.js';

export interface RunStart extends Continuation {
  /** Files that the run reads and outputs would replace; rows with such outputs fail. */
  inUse: FilesInUse;
}

/**
 * Call before the model is opened. The output folder must exist.
 * @throws OUTPUT_EXISTS OUTPUT_OTHER_RUN OUTPUT_UNWRITABLE
 */
export const checkBeforeRun = async (run: BatchRun): Promise<RunStart> => {
  const resultsPath = resultsPathOf(run);
  await expectNoLink(resultsPath);
  const continuation = await continueRun({ ...run, resultsPath });
  await checkCsv(run);
  /* A run without earlier results, and without --overwrite, replaces nothing. */
  if (!run.overwrites && !continuation.usesEarlierResults) return { ...continuation, inUse: NONE_IN_USE };
  const unclaimed = run.prunes ? continuation.unclaimed.names : [];
  const reads = [...run.reads, resultsPath, ...(run.predictionsCsv === null ? [] : [run.predictionsCsv])];
  return { ...continuation, inUse: await findFilesInUse({ ...run, reads, unclaimed }) };
};

/** Only a continued run may replace a CSV, and only the CSV of that folder's runs. @throws OUTPUT_EXISTS, STORE_* */
export const checkCsv = async (run: BatchRun): Promise<void> => {
  const { predictionsCsv } = run;
  if (predictionsCsv === null) return;
  if (isStoreUri(predictionsCsv)) {
    const place = parseObjectUri(predictionsCsv);
    if (!isOwnCsv(run) && (await (await bucketOf(place)).has(place.key))) {
      throw new RefineError(
        'OUTPUT_EXISTS',
        `Expected no object at ${predictionsCsv}, found one. Choose another name, or give --overwrite to replace it.`,
      );
    }
    return;
  }
  await expectCsvPlace(predictionsCsv, run);
  if (!isOwnCsv(run)) await refuseExistingFile(predictionsCsv);
};

/** Whether the run may replace an existing CSV. */
export const isOwnCsv = ({ resumes, appends, state, overwrites, predictionsCsv }: BatchRun): boolean =>
  overwrites || ((resumes || appends) && predictionsCsv === state?.predictionsCsv);

/** Refuses appended rows that would replace outputs; needs the digests of the opened models. @throws OUTPUT_EXISTS */
export const checkAppend = async (
  run: BatchRun,
  { modelDigest, loraDigests = {} }: Pick<ProcessorInfo, 'modelDigest' | 'loraDigests'>,
  { base, earlier }: { base: Continuation['base']; earlier: EarlierResults },
  signal: AbortSignal,
): Promise<void> => {
  const { outputFolder, screening } = run;
  const digested = { modelDigest, loraDigests, screening };
  await refuseReplacing(run.rows(), {
    ...digested,
    ...{ resultsPath: resultsPathOf(run), outputFolder, base, earlier, signal },
  });
};
