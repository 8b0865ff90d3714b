/** Dry run: validates every row, reads every picture's header, opens the model and counts the UNet's work; refines nothing. */
import { isDeepStrictEqual } from 'node:util';
import { isRefineError } from '../../errors.js';
import { readPictureHeader } from '../../media/image/read-header.js';
import { LATENT_SCALE } from '../../records/picture.js';
import type { AlternativeRow, InvalidRow, Row } from '../../records/row.js';
import type { ResultRecord } from '../../records/result.js';
import { buildResultRecord } from '../results/result-record.js';
import { readLatents } from '../../models/weights/latents/read-latents.js';
import { rowTime, type CallTimes } from './call-times.js';
import { outputsOf } from './check-outputs.js';
import type { UnetWork } from './count-calls.js';
import type { FilesInUse } from './files-in-use.js';
import { refuseObstacle } from './output-obstacles.js';
import { refuseInUse, refuseOwnInput } from './refuse-inputs.js';
import type { ProcessorInfo, RowProcessor } from './row-processor.js';

/** What rows would cost with one completion of their settings. */
export interface Cost {
  /** That a real run would refine. */
  rows: number;
  /** That would fail. */
  failed: number;
  /** UNet calls; with guidance, each predicts for prompt and negative prompt together. */
  calls: number;
  /** Those of them with cached deep features. */
  cached: number;
  /** Milliseconds; null: unknown. */
  ms: number | null;
}

export interface DryRunCost extends Cost {
  /** Rows that an earlier run finished. */
  done: number;
  /** With the other completions of each row (`Row.alternatives`). */
  alternatives: readonly Cost[];
}

interface DryRunContext {
  /** Need not exist. */
  outputFolder: string;
  /** As in `RunStart`. */
  inUse: FilesInUse;
  /** The result of an earlier run that finished the row; null: this run would refine it. */
  findDone: (row: Row) => Promise<ResultRecord | null>;
  /** How long the model's calls take with the rows' own completion, then with each other; null: unknown. */
  times: readonly (CallTimes | null)[];
  signal: AbortSignal;
}

/** A row without the name of its output, which only a run's own completion has. */
type CheckedRow = Omit<Row, 'output' | 'alternatives'> & { output?: string };
type Checked = { unet: UnetWork; pixels: number } | { done: ResultRecord } | Pick<InvalidRow, 'error'>;

/**
 * @param work already opened @param info that opening it returned
 * @yields the result of each row, `skipped` if it would run, `failed` if it would fail, or that of an earlier run; and its line in the input
 * @returns the cost of the rows that would run
 */
export async function* dryRun(
  rows: AsyncIterable<Row | InvalidRow>,
  work: RowProcessor,
  info: ProcessorInfo,
  context: DryRunContext,
): AsyncGenerator<{ result: ResultRecord; line: number | null; isDone: boolean }, DryRunCost> {
  const [own = null, ...others] = context.times;
  const cost = emptyCost(own);
  const alternatives = others.map(emptyCost);
  let done = 0;
  for await (const { alternatives: completions = [], ...row } of rows) {
    context.signal.throwIfAborted();
    /* Of all completions: they have the same input. */
    let pixels: Promise<number> | undefined;
    const check = (one: CheckedRow | InvalidRow): Promise<Checked> =>
      checkRow(one, work, context, (read) => (pixels ??= pixelsOf(read, info, context.signal)));
    const checked = await check(row);
    addTo(cost, checked, own, work);
    for (const [index, other] of alternatives.entries()) {
      const completion = completions[index] ?? row;
      const same = isSame(completion, row);
      addTo(other, same ? checked : await check(placed(completion, row)), others[index], work);
    }
    if ('done' in checked) {
      done++;
      yield { result: checked.done, line: row.line, isDone: true };
      continue;
    }
    const outcome =
      'error' in checked
        ? ({ status: 'failed', error: checked.error, durationMs: null } as const)
        : ({ status: 'skipped' } as const);
    yield { result: buildResultRecord(row, outcome, info), line: row.line, isDone: false };
  }
  return { ...cost, done, alternatives };
}

const emptyCost = (times: CallTimes | null): Cost => ({
  ...{ rows: 0, failed: 0, calls: 0, cached: 0 },
  ms: times === null ? null : 0,
});

const addTo = (cost: Cost, checked: Checked, times: CallTimes | null | undefined, work: RowProcessor): void => {
  if ('error' in checked) cost.failed++;
  if (!('unet' in checked)) return;
  const { unet, pixels } = checked;
  cost.rows++;
  cost.calls += unet.calls;
  cost.cached += unet.cached;
  if (cost.ms !== null && times != null) cost.ms += rowTime(times, unet, pixels) / work.slots();
};

const isSame = (a: AlternativeRow | Row, b: Row | InvalidRow): boolean =>
  'error' in a || 'error' in b ? a === b : isDeepStrictEqual([a.settings, a.generation], [b.settings, b.generation]);

/** With the name of the output, if there is one. */
const placed = (completion: AlternativeRow | Row, row: Row | InvalidRow): CheckedRow | InvalidRow =>
  'error' in completion || !('output' in row) ? completion : { ...completion, output: row.output };

/** The UNet's work for a row, or the error that its input, its output or its settings would cause. */
const checkRow = async (
  row: CheckedRow | InvalidRow,
  work: RowProcessor,
  { outputFolder, inUse, findDone }: DryRunContext,
  pixelsOfInput: (row: CheckedRow) => Promise<number>,
): Promise<Checked> => {
  if ('error' in row) return { error: row.error };
  try {
    const { output } = row;
    const named = output === undefined ? null : { ...row, output };
    if (named !== null) await refuseOwnInput(named, outputFolder);
    const done = named === null ? null : await findDone(named);
    if (done !== null) return { done };
    const pixels = await pixelsOfInput(row);
    const unet = work.countCalls(row);
    if (named !== null) {
      await refuseInUse(named, { outputFolder, inUse });
      await refuseObstacle(outputFolder, outputsOf(named));
    }
    return { unet, pixels };
  } catch (thrown) {
    if (isRefineError(thrown) && thrown.scope === 'row') {
      return { error: { code: thrown.code, message: thrown.message } };
    }
    throw thrown;
  }
};

/** Side of SDXL's training pictures, if the model does not say. */
const USUAL_SIDE = 1024;

/** Of the row's picture; of a picture only the header is read. @throws IMAGE_* LATENTS_INVALID */
const pixelsOf = async (
  { source, sourceText }: CheckedRow,
  { side = USUAL_SIDE }: ProcessorInfo,
  signal: AbortSignal,
): Promise<number> => {
  if (source.kind === 'noise') return (source.width ?? side) * (source.height ?? side);
  if (source.kind === 'latents') {
    const { width, height } = await readLatents(source.path);
    return width * height * LATENT_SCALE ** 2;
  }
  const { width, height } = await readPictureHeader(source, sourceText ?? '', { signal });
  return width * height;
};
