/** What a run tells whoever shows it. */
import type { ResultRecord } from '../../records/result.js';
import type { WorkInfo } from './work-info.js';

export type BatchEvent =
  | { kind: 'opened'; info: WorkInfo }
  /** A row is in the engine; `steps` is known once the schedule is built. */
  | { kind: 'step'; rowIndex: number; copy: number; stage?: 'base' | 'refiner'; step: number; steps: number }
  /** A row is finished, and its result is in the journal. */
  | {
      kind: 'row';
      rowIndex: number;
      /** Pictures that a row counts share its index. */
      copy: number;
      result: ResultRecord;
      /** Where the row begins in its input, from 1; null where the input has no lines. */
      line: number | null;
      /** UNet steps that the row was expected to take. */
      steps: number;
      /** The engine worked on it in this run. */
      isPicture: boolean;
    };
