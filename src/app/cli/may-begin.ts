/** Whether a run may write where it is told to, as far as an earlier run there has a say. A run and a dry run ask the same. */
import { refuseFile } from '../../run/batch/check-outputs.js';
import { continueRun, refuseReplacing, type Continuation } from '../../run/batch/continue-run.js';
import type { WorkInfo } from '../../run/batch/work-info.js';
import { resultsPathOf } from '../../run/results/results-path.js';
import type { EarlierResults } from '../../run/results/earlier-results.js';
import type { BatchRun } from './commands/batch-run.js';

/**
 * Before the model is opened. The output folder is there.
 * @throws OUTPUT_EXISTS OUTPUT_OTHER_RUN
 */
export const mayBegin = async (run: BatchRun): Promise<Continuation> => {
  const continuation = await continueRun({ ...run, resultsPath: resultsPathOf(run) });
  await mayWriteCsv(run);
  return continuation;
};

/** Only a run that goes on may replace a CSV, and only one that the folder's runs wrote. @throws OUTPUT_EXISTS */
export const mayWriteCsv = async ({ resumes, appends, state, overwrites, predictionsCsv }: BatchRun): Promise<void> => {
  const ownCsv = resumes || appends ? state?.predictionsCsv : undefined;
  if (!overwrites && predictionsCsv !== null && predictionsCsv !== ownCsv) await refuseFile(predictionsCsv);
};

/** What a run that is appended may not replace, once its models are known. @throws OUTPUT_EXISTS */
export const mayAppend = async (
  run: BatchRun,
  { modelDigest, loraDigests = {} }: Pick<WorkInfo, 'modelDigest' | 'loraDigests'>,
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
