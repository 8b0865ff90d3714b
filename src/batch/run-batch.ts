/**
 * The run: rows in, pictures and results out, in order. Three rows are under way at a time: one being decoded, one in the
 * engine, one being encoded and written. A row's error becomes its result; a run's error stops the run after what is
 * finished has been written.
 */
import { join } from 'node:path';
import type { Engine } from '../engine/engine.js';
import type { EngineInfo } from '../engine/protocol.js';
import type { InvalidRow, RefineReply, ResultRecord, Row } from '../records.js';
import type { EarlierResults } from '../results/earlier-results.js';
import type { Journal } from '../results/journal.js';
import { buildResultRecord } from '../results/result-record.js';
import { addToSummary, emptySummary, type Summary } from '../results/summary.js';
import { writeAtomically } from '../results/write-atomically.js';
import { mapAhead } from './ahead.js';
import { expectOutputFolder } from './check-outputs.js';
import { beginRow, orFailed, type DoneRow, type FailedRow, type ReadyRow } from './begin-row.js';
import type { BatchEvent } from './events.js';

export interface BatchOptions {
  rows: AsyncIterable<Row | InvalidRow>;
  engine: Engine;
  journal: Journal;
  outputFolder: string;
  /** Results of earlier runs in the same folder; null: nothing is taken over. */
  earlier: EarlierResults | null;
  /** Failed rows of earlier runs are done again. */
  retryFailed: boolean;
  /** Stop after more than this many failed rows; negative: never. */
  errorThreshold: number;
  /** Of this program, for the pictures' metadata. */
  version: string;
  signal: AbortSignal;
  report: (event: BatchEvent) => void;
}

export interface BatchOutcome {
  summary: Summary;
  /** Rows among them that an earlier run had finished. */
  takenOver: number;
  /** The error threshold ended the run before its last row. */
  stoppedByThreshold: boolean;
}

interface RefinedRow {
  kind: 'refined';
  ready: ReadyRow;
  reply: RefineReply;
  durationMs: number;
}

/** @throws errors of scope `run`: ENGINE_START OUTPUT_UNWRITABLE CANCELLED MODEL_* WEIGHTS_* … */
export const runBatch = async (options: BatchOptions): Promise<BatchOutcome> => {
  const { engine, journal, signal, report, errorThreshold } = options;
  const info = await engine.open(signal);
  report({ kind: 'opened', info });
  let summary = emptySummary();
  let takenOver = 0;

  /* Results are written in the order of rows, whichever picture is encoded first: each takes its turn when it comes in. */
  let turn: Promise<void> = Promise.resolve();
  const finish = (row: RefinedRow | FailedRow | DoneRow): Promise<void> => {
    const result = resultOf(row, info, options);
    const write = async (): Promise<void> => {
      await journal.append(await result);
      summary = addToSummary(summary, await result);
      if (row.kind === 'done') takenOver++;
      report({ kind: 'row', result: await result });
    };
    result.catch(() => undefined);
    return (turn = turn.then(write));
  };

  const { modelDigest } = info;
  const begun = mapAhead(options.rows, 1, (row) => beginRow(row, { ...options, modelDigest }));
  let stoppedByThreshold = false;
  for await (const _ of mapAhead(refineEach(begun, options), 1, finish)) {
    stoppedByThreshold = errorThreshold >= 0 && summary.failed > errorThreshold;
    if (stoppedByThreshold) break;
  }
  /* Only here is a row counted that was under way when the threshold was passed. */
  return { summary, takenOver, stoppedByThreshold };
};

async function* refineEach(
  rows: AsyncIterable<ReadyRow | FailedRow | DoneRow>,
  { engine, signal, report }: BatchOptions,
): AsyncGenerator<RefinedRow | FailedRow | DoneRow> {
  for await (const ready of rows) {
    if (ready.kind !== 'ready') {
      yield ready;
      continue;
    }
    const { row, prepared } = ready;
    const start = performance.now();
    const onStep = (step: number, steps: number): void => {
      report({ kind: 'step', rowIndex: row.index, step, steps });
    };
    yield await orFailed(ready, async () => {
      const reply = await engine.refine(prepared.job, { signal, onStep });
      return { kind: 'refined', ready, reply, durationMs: Math.round(performance.now() - start) };
    });
  }
}

const resultOf = async (
  row: RefinedRow | FailedRow | DoneRow,
  info: EngineInfo,
  { outputFolder, version }: BatchOptions,
): Promise<ResultRecord> => {
  if (row.kind === 'done') return row.result;
  if (row.kind === 'failed') return failure(row, info);
  const { ready, reply, durationMs } = row;
  const maker = { model: { name: info.model, fingerprint: info.modelDigest }, version };
  const encoded = await orFailed(ready, () => ready.prepared.encode(reply, maker));
  if ('kind' in encoded) return failure(encoded, info);
  const { bytes, width, height } = encoded;
  /* Writing makes missing folders; the run's own, if it is gone, was taken away by someone who wants no more of it. */
  await expectOutputFolder(outputFolder);
  await writeAtomically(join(outputFolder, ready.row.output), bytes);
  const outcome = { status: 'ok', reply: { ...reply, width, height }, durationMs } as const;
  return buildResultRecord(ready.row, outcome, info, ready.digest);
};

const failure = ({ row, digest, error }: FailedRow, info: EngineInfo): ResultRecord =>
  buildResultRecord(row, { status: 'failed', error, durationMs: null }, info, digest);
