/**
 * Runs rows to pictures and results, in order. With one engine, three rows are in progress at a time: one is decoded, one is in
 * the engine, one is encoded and written. A row's error becomes its result; a run's error ends the run after finished rows are
 * written.
 */
import type { StepWatch } from '../engine/step-watch.js';
import { countSteps } from '../manifest/rows/count-steps.js';
import type { InvalidRow, Row } from '../../records/row.js';
import type { ResultRecord } from '../../records/result.js';
import type { EarlierResults } from '../results/earlier-results.js';
import type { Journal } from '../results/journal.js';
import { namesOf } from '../results/listed-outputs.js';
import { buildResultRecord, writtenFile, type ContentSafetyOutcome } from '../results/result-record.js';
import { addToSummary, emptySummary, type Summary } from '../results/summary.js';
import type { WrittenFiles } from '../results/written-files.js';
import { isBlocked, nsfwOf, type Screening } from '../safety/screening.js';
import { encodeLatents } from '../../models/weights/latents/encode-latents.js';
import { mapWithReadAhead, startWithReadAhead } from './async-rows.js';
import { outputsOf } from './check-outputs.js';
import { leaveUnlisted } from './blocked-pictures.js';
import { linesOfFailed } from './failed-lines.js';
import { beginRow, decodeRow, failRowOnError, type BlockedRow, type FailedRow } from './begin-row.js';
import { encodeOutput } from './prepare-row.js';
import type { BatchEvent } from './events.js';
import type { FilesInUse } from './files-in-use.js';
import type { RemoteOutputs } from './remote-outputs.js';
import type { Replaceable } from './replaceable.js';
import type { EndedRow, ProcessorInfo, RowProcessor } from './row-processor.js';
import { writeOutputs } from './write-outputs.js';

export interface BatchOptions {
  rows: AsyncIterable<Row | InvalidRow>;
  work: RowProcessor;
  journal: Journal;
  outputFolder: string;
  /** Removes temporary files of killed runs from a folder; called before each picture is written. */
  clearFolder?: (folder: string) => Promise<void>;
  /** Results of earlier runs in the same folder; null if none are reused. */
  earlier: EarlierResults | null;
  /** Size in bytes of the results that this run is appended to. */
  base: number;
  /** Whether failed rows of earlier runs run again. */
  retryFailed: boolean;
  /** Outputs that may be replaced; absent: none. */
  replaceable?: Replaceable;
  /** As in `BeginOptions`. */
  inUse?: FilesInUse;
  /** Records each file before it gets its name; absent for a run that cannot be resumed. */
  written?: WrittenFiles;
  /** Whether outputs of earlier runs are read and compared with the recorded SHA-256. */
  verifies?: boolean;
  /** Called for each finished row that runs again because its output changed. */
  onRedo?: (why: string) => void;
  /** Called for each file of an earlier run whose row is blocked now. */
  onUnlisted?: (name: string) => void;
  /** If the outputs are in object storage. */
  remote?: RemoteOutputs;
  screening: Screening;
  /** The run stops after more failed rows than this; negative for never. */
  errorThreshold: number;
  /** Version of this program, for the pictures' metadata. */
  version: string;
  /** As in `ProcessorContext`. */
  watch?: StepWatch;
  signal: AbortSignal;
  report: (event: BatchEvent) => void;
}

export interface BatchOutcome {
  summary: Summary;
  /** Rows that an earlier run had finished. */
  takenOver: number;
  /** Rows for which this run made a picture. */
  refined: number;
  /** Failed rows whose result of an earlier run stays in the results. */
  kept: number;
  /** Whether the error threshold ended the run before its last row. */
  stoppedByThreshold: boolean;
}

/** @throws errors of scope `run`: ENGINE_START OUTPUT_UNWRITABLE CANCELLED MODEL_* WEIGHTS_* … */
export const runBatch = async (options: BatchOptions): Promise<BatchOutcome> => {
  const { work, journal, signal, report, errorThreshold } = options;
  const info = await work.open(signal);
  if (info.isOpened !== false) report({ kind: 'opened', info });
  let summary = emptySummary();
  let takenOver = 0;
  let refined = 0;
  let kept = 0;

  const record = async (row: EndedRow, source: Row | InvalidRow, result: ResultRecord): Promise<void> => {
    if (row.kind === 'done' && row.isListed) return;
    if (result.status === 'blocked') await leaveUnlisted(source, options);
    const { lines, isKept } =
      result.status === 'failed' ? await linesOfFailed(source, result, options) : { lines: [result], isKept: false };
    /* Lines of an earlier run are on the disk already. */
    const isSynced = row.kind !== 'done' && lines.includes(result);
    for (const line of lines) await journal.append(line, { isSynced });
    if (isKept) kept++;
    const files = isKept ? lines.flatMap(namesOf) : 'output' in source ? outputsOf(source) : [];
    for (const name of files) options.earlier?.take(name);
  };

  /* Results are written in the order of rows, even if a later picture is encoded first. */
  let lastWrite: Promise<void> = Promise.resolve();
  const finish = (row: EndedRow): Promise<void> => {
    const result = resultOf(row, info, options);
    const source = row.kind === 'refined' ? row.ready.row : row.row;
    const write = async (): Promise<void> => {
      await record(row, source, await result);
      if (row.kind === 'refined') for (const name of outputsOf(row.ready.row)) await options.written?.settle(name);
      summary = addToSummary(summary, await result);
      if (row.kind === 'done') takenOver++;
      else if ((await result).status === 'ok') refined++;
      const [steps, isPicture] = [countSteps(source), row.kind === 'refined'];
      const { index: rowIndex, line, generation } = source;
      const copy = generation?.copy ?? 0;
      report({ kind: 'row', rowIndex, copy, line, result: await result, steps, isPicture });
    };
    result.catch(() => undefined);
    /* Waits for the picture that is being written even if the run ends: the folder's lock is released afterwards. */
    const before = lastWrite;
    return (lastWrite = Promise.allSettled([before, result]).then(() => before.then(write)));
  };

  const { modelDigest, loraDigests = {} } = info;
  const { depth } = options.screening;
  const begun = startWithReadAhead(options.rows, depth, (row) =>
    beginRow(row, { ...options, modelDigest, loraDigests }),
  );
  const decoded = mapWithReadAhead(begun, work.slots(), async ({ mapped }) => {
    const row = await mapped;
    return row.kind === 'passed' ? decodeRow(row) : row;
  });
  let stoppedByThreshold = false;
  for await (const _ of mapWithReadAhead(work.run(decoded, options), Math.max(1, depth), finish)) {
    stoppedByThreshold = errorThreshold >= 0 && summary.failed > errorThreshold;
    if (stoppedByThreshold) break;
  }
  /* The loop's end also waits for rows that were in progress when the threshold was passed. */
  return { summary, takenOver, refined, kept, stoppedByThreshold };
};

const resultOf = async (row: EndedRow, info: ProcessorInfo, options: BatchOptions): Promise<ResultRecord> => {
  const { version, screening, signal } = options;
  if (row.kind === 'done') return row.result;
  if (row.kind === 'failed') return failedResult(row, info);
  if (row.kind === 'blocked') return blockedResult(row, info, { screening, durationMs: null });
  const { ready, reply, durationMs } = row;
  const baseModelField = info.baseModel === undefined ? {} : { baseModel: info.baseModel };
  const producer = { model: { name: info.model, fingerprint: info.modelDigest }, version, ...baseModelField };
  const encoded = await failRowOnError(ready, async () => {
    const output = await encodeOutput(ready.row, ready.prepared.encodeContext, reply, producer);
    const outputChecks = await screening.after(ready.row, output.bytes, signal);
    return { ...output, checks: [...ready.checks, ...outputChecks] };
  });
  if ('kind' in encoded) return failedResult(encoded, info);
  const { bytes, width, height, checks } = encoded;
  if (isBlocked(checks)) return blockedResult({ ...ready, checks }, info, { screening, durationMs });
  const latents = reply.latents === undefined ? null : encodeLatents(reply.latents);
  const failed = await failRowOnError(ready, () => writeOutputs(ready.row, bytes, latents, options));
  if (failed !== undefined) return failedResult(failed, info);
  const outcome = {
    status: 'ok',
    reply: { ...reply, warnings: [...ready.prepared.warnings, ...(reply.warnings ?? [])], width, height },
    durationMs,
    contentSafety: safetyOutcome(screening, checks),
    written: { output: writtenFile(bytes), latents: latents === null ? null : writtenFile(latents) },
  } as const;
  return buildResultRecord(ready.row, outcome, info, ready.digest);
};

const safetyOutcome = ({ service }: Screening, checks: BlockedRow['checks']): ContentSafetyOutcome | null =>
  service === null ? null : { by: service, checks, nsfw: nsfwOf(checks) };

const blockedResult = (
  { row, digest, checks }: Omit<BlockedRow, 'kind'>,
  info: ProcessorInfo,
  { screening, durationMs }: { screening: Screening; durationMs: number | null },
): ResultRecord => {
  const outcome = { status: 'blocked', durationMs, contentSafety: safetyOutcome(screening, checks) } as const;
  return buildResultRecord(row, outcome, info, digest);
};

const failedResult = ({ row, digest, error }: FailedRow, info: ProcessorInfo): ResultRecord =>
  buildResultRecord(row, { status: 'failed', error, durationMs: null }, info, digest);
