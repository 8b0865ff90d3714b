/** The interface of a row processor: the part of a run in which `batch` and `generate` differ. Types only. */
import type { RefineReply } from '../../records/job.js';
import type { Row } from '../../records/row.js';
import type { EngineInfo } from '../engine/protocol.js';
import type { StepWatch } from '../engine/step-watch.js';
import type { UnetWork } from './count-calls.js';
import type { BlockedRow, DoneRow, FailedRow, ReadyRow } from './begin-row.js';

/** The models of a run. `model` produces the pictures; `modelDigest` covers all models. */
export interface ProcessorInfo extends EngineInfo {
  /** For `generate`: the base model, as the user named it. */
  baseModel?: string;
  /** Identifies the models whatever the precision, for what is known of their speed. */
  modelsDigest: string;
  /** false: no row can run, so nothing was opened. */
  isOpened?: boolean;
}

export type BegunRow = ReadyRow | BlockedRow | FailedRow | DoneRow;

export interface RefinedRow {
  kind: 'refined';
  ready: ReadyRow;
  reply: RefineReply;
  /** Wall-clock time of the row's inferences, in milliseconds. */
  durationMs: number;
}

export type EndedRow = RefinedRow | BlockedRow | FailedRow | DoneRow;

/** A UNet step of a row has run; `steps` is the number of steps that run in its stage. */
export interface StepEvent {
  kind: 'step';
  rowIndex: number;
  copy: number;
  stage?: 'base' | 'refiner';
  step: number;
  steps: number;
}

export interface ProcessorContext {
  signal: AbortSignal;
  /** Ends an engine that takes no step for too long: its row fails with ENGINE_STALLED. */
  watch?: StepWatch;
  report: (event: StepEvent) => void;
}

export interface RowProcessor {
  /** Files and folders of its models and their adapters. */
  readonly reads?: readonly string[];
  /** Rows that run at a time once it is open. A method, so that a copy of the object asks it too. */
  slots(): number;
  /** Opens the models that the first rows need. @throws ENGINE_START MODEL_* WEIGHTS_*, and the signal's reason */
  open(signal: AbortSignal): Promise<ProcessorInfo>;
  /** The UNet's work for a row; call after `open`. @throws ROW_FIELD_INVALID for a conflict between the row and the models */
  countCalls(row: Omit<Row, 'output'>): UnetWork;
  /** Runs each row through the models and yields them in order; passes failed, done and blocked rows through. @throws errors of scope `run` */
  run(rows: AsyncIterable<BegunRow>, context: ProcessorContext): AsyncGenerator<EndedRow>;
  /** Ends the engines. */
  close(): void;
}
