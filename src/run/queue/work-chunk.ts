/** Works on a chunk: its rows run as in `batch`, its pictures and results go to the store. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RefineError, type ErrorRecord } from '../../errors.js';
import { cutText } from '../../io/json/json-text.js';
import type { Store } from '../../io/store/store.js';
import type { ResultRecord } from '../../records/result.js';
import type { Row } from '../../records/row.js';
import type { BatchEvent } from '../batch/events.js';
import { nameFault } from '../batch/remote-outputs.js';
import type { ProcessorInfo, RowProcessor } from '../batch/row-processor.js';
import { runBatch } from '../batch/run-batch.js';
import { countSteps } from '../manifest/rows/count-steps.js';
import type { StepWatch } from '../engine/step-watch.js';
import { resultLine } from '../results/journal.js';
import { buildResultRecord } from '../results/result-record.js';
import type { Screening } from '../safety/screening.js';
import type { ChunkReport } from './broker/broker.js';
import type { Chunk } from './chunk-file.js';
import type { ChunkRow } from './chunk-row.js';
import { readParts, removeParts, writePart, type PartResults } from './chunk-parts.js';
import type { HeldChunk } from './held-chunk.js';
import { PICTURES, resultsName } from './store-names.js';
import { createUploadJournal } from './upload-journal.js';

/** A run that this worker has opened. */
export interface OpenRun {
  store: Store;
  work: RowProcessor;
  info: ProcessorInfo;
  screening: Screening;
  /** In which each try of a chunk makes a folder for its pictures before they go to the store. */
  folder: string;
  watch: StepWatch;
  /** Of this program. */
  version: string;
}

export interface ChunkOptions {
  signal: AbortSignal;
  report: (event: BatchEvent) => void;
}

/** Each holder of a chunk has its own object of results: this process writes over none of another's. */
const HOLDER = randomUUID().slice(0, 8);
/** Results are saved so often, besides when the chunk is handed back: rows after that run again if the machine vanishes. */
const SAVE_MS = 30_000;
/** Rows are given up when they ended a worker, or its engine, so often. */
const MOST_DEATHS = 2;
const DEADLY: readonly (string | undefined)[] = ['ENGINE_CRASHED', 'ENGINE_STALLED'];

/**
 * Rows that ended a holder before run alone and last, so that a second death names its cause.
 * @throws the signal's reason, STORE_*, and errors of scope `run`; results so far are saved
 */
export const workChunk = async (
  held: HeldChunk,
  chunk: Chunk,
  run: OpenRun,
  { signal, report }: ChunkOptions,
): Promise<ChunkReport> => {
  const { store, info } = run;
  const { head, rows } = chunk;
  const results = await readParts(store, head.chunk);
  const spent = { steps: 0, seconds: 0 };
  let savedAt = performance.now();
  const save = async (): Promise<void> => {
    savedAt = performance.now();
    await writePart(store, head.chunk, `${held.taken.id}-${HOLDER}`, results);
  };
  /** Of the row that ended last; null if it runs again: that is no result. */
  let lastEnded: ResultRecord | null = null;
  const passOn = (event: BatchEvent): void => {
    if (event.kind !== 'row') report(event);
    else if (lastEnded !== null) report({ ...event, result: lastEnded });
  };
  const failedRecord = (row: ChunkRow, { code, message }: Pick<ErrorRecord, 'code' | 'message'>): ResultRecord =>
    buildResultRecord(row, { status: 'failed', error: { code, message }, durationMs: null }, info);
  /** Without running it. */
  const giveUp = (at: number, error: RefineError): void => {
    const row = rows[at];
    if (row === undefined) return;
    const result = failedRecord(row, error);
    results.set(at, result);
    const { index: rowIndex, line, generation } = row;
    report({
      kind: 'row',
      rowIndex,
      copy: generation?.copy ?? 0,
      line,
      result,
      steps: countSteps(row),
      isPicture: false,
    });
  };

  /** @returns rows to try again, alone */
  const runRows = async (places: readonly number[], folder: string): Promise<number[]> => {
    const again: number[] = [];
    let ended = 0;
    const onResult = async (record: ResultRecord): Promise<void> => {
      const at = places[ended++] ?? 0;
      const row = rows[at];
      lastEnded = record;
      if (DEADLY.includes(record.error?.code)) {
        await held.addDeath(at);
        if ((held.deaths.get(at) ?? 0) < MOST_DEATHS) {
          again.push(at);
          lastEnded = null;
          return;
        }
        if (row !== undefined && record.error?.code === 'ENGINE_CRASHED') {
          lastEnded = failedRecord(row, workerDied(record.error.message));
        }
      }
      held.end(at);
      results.set(at, lastEnded);
      spent.steps += record.steps_run ?? 0;
      if (performance.now() - savedAt > SAVE_MS) await save();
    };
    async function* announced(): AsyncGenerator<(typeof rows)[number]> {
      for (const at of places) {
        const row = rows[at];
        if (row === undefined) continue;
        await held.begin(at);
        yield row;
      }
    }
    const start = performance.now();
    await runBatch({
      rows: announced(),
      work: run.work,
      journal: createUploadJournal({ store, folder, signal, onResult }),
      outputFolder: folder,
      earlier: null,
      base: 0,
      retryFailed: false,
      screening: run.screening,
      errorThreshold: -1,
      version: run.version,
      watch: run.watch,
      signal,
      report: passOn,
    });
    spent.seconds += (performance.now() - start) / 1000;
    return again;
  };

  /* Of this try only: a picture that one before left would be in the way of its row. */
  const folder = await mkdtemp(join(run.folder, 'chunk-'));
  try {
    for (const [at, row] of rows.entries()) {
      if (results.has(at) || 'error' in row) continue;
      const fault = nameFault(store, PICTURES + row.output) ?? loraFault(row, info);
      if (fault !== null) giveUp(at, fault);
    }
    const pending = rows.map((_, at) => at).filter((at) => !results.has(at));
    const suspects = pending.filter((at) => held.deaths.has(at));
    for (const at of suspects) if ((held.deaths.get(at) ?? 0) >= MOST_DEATHS) giveUp(at, workerDied(null));
    const calm = pending.filter((at) => !held.deaths.has(at));
    suspects.push(...(await runRows(calm, folder)));
    if (calm.length > 0 && suspects.length > 0) await save();
    for (const at of suspects.filter((one) => !results.has(one))) {
      const [again] = await runRows([at], folder);
      if (again !== undefined) await runRows([again], folder);
    }
  } catch (thrown) {
    /* After its lock a holder writes nothing: another has the chunk. */
    if (results.size > 0 && !held.lost.aborted) await save().catch(() => undefined);
    throw thrown;
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
  held.lost.throwIfAborted();
  await finish(store, chunk, results);
  const failed = [...results.values()].filter(({ status }) => status === 'failed').length;
  return { rows: rows.length, failed, ...spent };
};

/** Rows were resolved before any model was open. */
const loraFault = ({ settings, generation }: Row, { lorasLeftOut = {} }: ProcessorInfo): RefineError | null => {
  const names = Object.keys({ ...settings.loraWeights, ...generation?.refiner?.loraWeights });
  const name = names.find((one) => Object.hasOwn(lorasLeftOut, one));
  if (name === undefined) return null;
  return new RefineError(
    'ROW_FIELD_INVALID',
    `Expected LoRAs that fit the run's model, got ${JSON.stringify(cutText(name, 100))}: ${lorasLeftOut[name] ?? ''}. Leave it out of the row, and enqueue the row again.`,
  );
};

/** The first holder that comes so far decides the results; pictures are the same. */
const finish = async (store: Store, { head }: Chunk, results: PartResults): Promise<void> => {
  const lines: string[] = [];
  for (let at = 0; at < head.rows; at++) {
    const record = results.get(at);
    if (record === undefined) throw new Error(`row ${at} of chunk ${head.chunk} has no result`);
    lines.push(resultLine(record));
  }
  await store.writeNew(resultsName(head.chunk), Buffer.from(lines.join('')));
  await removeParts(store, head.chunk);
};

const workerDied = (how: string | null): RefineError =>
  new RefineError(
    'WORKER_DIED',
    `Expected this row to leave its worker alive, but twice the ${how === null ? 'worker' : 'engine'} ended while it ran alone${how === null ? '' : `: ${how}`}. Other rows go on. Try it with sdxl-refine on a machine with more memory, or with a smaller picture.`,
  );
