/** What a run does with its rows: what `batch` and `generate` differ in. Types only. */
import type { RefineReply } from '../../records/job.js';
import type { Row } from '../../records/row.js';
import type { BlockedRow, DoneRow, FailedRow, ReadyRow } from './begin-row.js';
import type { BatchEvent } from './events.js';
import type { WorkInfo } from './work-info.js';

export type BegunRow = ReadyRow | BlockedRow | FailedRow | DoneRow;

export interface RefinedRow {
  kind: 'refined';
  ready: ReadyRow;
  reply: RefineReply;
  /** Wall clock of the row's inferences, in milliseconds. */
  durationMs: number;
}

export type EndedRow = RefinedRow | BlockedRow | FailedRow | DoneRow;

export interface WorkContext {
  signal: AbortSignal;
  report: (event: BatchEvent) => void;
}

export interface Work {
  /** Files and folders of its models and of what is applied to them. */
  readonly reads?: readonly string[];
  /** Opens what the first rows need. @throws ENGINE_START MODEL_* WEIGHTS_*, and the signal's reason */
  open(signal: AbortSignal): Promise<WorkInfo>;
  /** UNet steps of a row, once the models are known. @throws ROW_FIELD_INVALID what no look at the row alone can find */
  countSteps(row: Row): number;
  /** Each row through the engine, in order; rows that failed, are done or blocked pass. @throws what concerns all rows */
  run(rows: AsyncIterable<BegunRow>, context: WorkContext): AsyncGenerator<EndedRow>;
  /** Ends the engines. */
  close(): void;
}
