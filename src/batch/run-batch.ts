/**
 * The run: rows in, pictures and results out, in order. Three rows are under way at a time: one being decoded, one in the
 * engine, one being encoded and written. A row's error becomes its result; a run's error stops the run after what is
 * finished has been written.
 */
import { join } from 'node:path';
import type { Engine } from '../engine/engine.js';
import type { EngineInfo } from '../engine/protocol.js';
import { isRefineError, messageOf, RefineError } from '../errors.js';
import type { InvalidRow, RefineReply, ResultRecord, Row } from '../records.js';
import type { Journal } from '../results/journal.js';
import { buildResultRecord } from '../results/result-record.js';
import { addToSummary, emptySummary, type Summary } from '../results/summary.js';
import { writeAtomically } from '../results/write-atomically.js';
import { mapAhead } from './ahead.js';
import type { BatchEvent } from './events.js';
import { prepareRow, type PreparedRow } from './prepare-row.js';

export interface BatchOptions {
  rows: AsyncIterable<Row | InvalidRow>;
  engine: Engine;
  journal: Journal;
  outputFolder: string;
  /** Stop after more than this many failed rows; negative: never. */
  errorThreshold: number;
  signal: AbortSignal;
  report: (event: BatchEvent) => void;
}

export interface BatchOutcome {
  summary: Summary;
  /** The error threshold ended the run before its last row. */
  stoppedByThreshold: boolean;
}

interface RefinedRow {
  prepared: PreparedRow;
  reply: RefineReply;
  durationMs: number;
}

interface FailedRow {
  row: Row | InvalidRow;
  error: RefineError;
}

/** @throws errors of scope `run`: ENGINE_START OUTPUT_UNWRITABLE CANCELLED MODEL_* WEIGHTS_* … */
export const runBatch = async (options: BatchOptions): Promise<BatchOutcome> => {
  const { engine, journal, signal, report, errorThreshold } = options;
  const info = await engine.open(signal);
  report({ kind: 'opened', info });
  let summary = emptySummary();

  /* Results are written in the order of rows, whichever picture is encoded first: each takes its turn when it comes in. */
  let turn: Promise<void> = Promise.resolve();
  const finish = (row: RefinedRow | FailedRow): Promise<void> => {
    const result = resultOf(row, info, options);
    const write = async (): Promise<void> => {
      await journal.append(await result);
      summary = addToSummary(summary, await result);
      report({ kind: 'row', result: await result });
    };
    result.catch(() => undefined);
    return (turn = turn.then(write));
  };

  const prepared = mapAhead(options.rows, 1, (row) => prepare(row, signal));
  for await (const _ of mapAhead(refineEach(prepared, options), 1, finish)) {
    if (errorThreshold >= 0 && summary.failed > errorThreshold) return { summary, stoppedByThreshold: true };
  }
  return { summary, stoppedByThreshold: false };
};

const prepare = (row: Row | InvalidRow, signal: AbortSignal): Promise<PreparedRow | FailedRow> =>
  'error' in row
    ? Promise.resolve({ row, error: new RefineError(row.error.code, row.error.message) })
    : orFailed(row, () => prepareRow(row, signal));

async function* refineEach(
  rows: AsyncIterable<PreparedRow | FailedRow>,
  { engine, signal, report }: BatchOptions,
): AsyncGenerator<RefinedRow | FailedRow> {
  for await (const prepared of rows) {
    if ('error' in prepared) {
      yield prepared;
      continue;
    }
    const { row, job } = prepared;
    const start = performance.now();
    const onStep = (step: number, steps: number): void => {
      report({ kind: 'step', rowIndex: row.index, step, steps });
    };
    yield await orFailed(row, async () => {
      const reply = await engine.refine(job, { signal, onStep });
      return { prepared, reply, durationMs: Math.round(performance.now() - start) };
    });
  }
}

const resultOf = async (
  row: RefinedRow | FailedRow,
  info: EngineInfo,
  options: BatchOptions,
): Promise<ResultRecord> => {
  if ('error' in row) return failure(row, info);
  const { prepared, reply, durationMs } = row;
  const encoded = await orFailed(prepared.row, () => prepared.encode(reply.output));
  if ('error' in encoded) return failure(encoded, info);
  const { bytes, width, height } = encoded;
  await writeAtomically(join(options.outputFolder, prepared.row.output), bytes);
  return buildResultRecord(prepared.row, { status: 'ok', reply: { ...reply, width, height }, durationMs }, info);
};

const failure = ({ row, error }: FailedRow, info: EngineInfo): ResultRecord =>
  buildResultRecord(row, { status: 'failed', error, durationMs: null }, info);

/**
 * What `work` gives; a failure of the row becomes its outcome, and so does a failure nobody foresaw: one row's surprise
 * must not cost a night's run. What concerns all rows is thrown on.
 */
const orFailed = async <T>(row: Row, work: () => Promise<T>): Promise<T | FailedRow> => {
  try {
    return await work();
  } catch (thrown) {
    if (!isRefineError(thrown))
      return { row, error: new RefineError('INTERNAL', messageOf(thrown), { cause: thrown }) };
    if (thrown.scope === 'row' || thrown.code === 'INTERNAL') return { row, error: thrown };
    throw thrown;
  }
};
