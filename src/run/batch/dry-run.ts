/** Dry run: validates every row, reads every picture's header, opens the model and counts the steps; refines nothing. */
import { isRefineError } from '../../errors.js';
import { readPictureHeader } from '../../media/image/read-header.js';
import type { InvalidRow, Row } from '../../records/row.js';
import type { ResultRecord } from '../../records/result.js';
import { buildResultRecord } from '../results/result-record.js';
import { readLatents } from '../../models/weights/latents/read-latents.js';
import { outputsOf } from './check-outputs.js';
import type { FilesInUse } from './files-in-use.js';
import { refuseObstacle } from './output-obstacles.js';
import { refuseInUse, refuseOwnInput } from './refuse-inputs.js';
import type { ProcessorInfo, RowProcessor } from './row-processor.js';

export interface DryRunCost {
  /** UNet calls; with guidance, each predicts for prompt and negative prompt together. */
  unetCalls: number;
  /** Rows that a real run would refine. */
  rows: number;
}

interface DryRunContext {
  /** Need not exist. */
  outputFolder: string;
  /** As in `RunStart`. */
  inUse: FilesInUse;
  /** Whether an earlier run finished the row, so that this run would not write its output. */
  isFinished: (row: Row) => Promise<boolean>;
  signal: AbortSignal;
}

/**
 * @param work already opened @param info that opening it returned
 * @yields the result of each row, `skipped` if it would run, `failed` if it would fail; and its line in the input
 * @returns the cost of the rows that would run
 */
export async function* dryRun(
  rows: AsyncIterable<Row | InvalidRow>,
  work: RowProcessor,
  info: ProcessorInfo,
  context: DryRunContext,
): AsyncGenerator<{ result: ResultRecord; line: number | null }, DryRunCost> {
  const cost: DryRunCost = { unetCalls: 0, rows: 0 };
  for await (const row of rows) {
    context.signal.throwIfAborted();
    const checked = 'error' in row ? { error: row.error } : await checkRow(row, work, context);
    const error = 'error' in checked ? checked.error : null;
    if ('steps' in checked) {
      cost.rows++;
      cost.unetCalls += checked.steps;
    }
    const outcome =
      error === null ? ({ status: 'skipped' } as const) : ({ status: 'failed', error, durationMs: null } as const);
    yield { result: buildResultRecord(row, outcome, info), line: row.line };
  }
  return cost;
}

/** The row's steps, or the error that its picture or settings would cause. */
const checkRow = async (
  row: Row,
  work: RowProcessor,
  { outputFolder, inUse, isFinished, signal }: DryRunContext,
): Promise<{ steps: number } | Pick<InvalidRow, 'error'>> => {
  try {
    const { source, sourceText } = row;
    await refuseOwnInput(row, outputFolder);
    if (source.kind === 'latents') await readLatents(source.path);
    else if (source.kind !== 'noise') await readPictureHeader(source, sourceText ?? '', { signal });
    const steps = work.countSteps(row);
    /* The input is read only if the output would replace a file. */
    await refuseInUse(row, { outputFolder, inUse }).catch(async (thrown: unknown) => {
      if (!(await isFinished(row))) throw thrown;
    });
    await refuseObstacle(outputFolder, outputsOf(row));
    return { steps };
  } catch (thrown) {
    if (isRefineError(thrown) && thrown.scope === 'row') {
      return { error: { code: thrown.code, message: thrown.message } };
    }
    throw thrown;
  }
};
