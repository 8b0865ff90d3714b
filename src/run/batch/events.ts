/** Events that a run reports to its progress display. */
import type { ResultRecord } from '../../records/result.js';
import type { ProcessorInfo, StepEvent } from './row-processor.js';

export type BatchEvent =
  | { kind: 'opened'; info: ProcessorInfo }
  | StepEvent
  /** A row has finished, and its result is in the journal. */
  | {
      kind: 'row';
      rowIndex: number;
      /** Pictures of one `generate` row share its index. */
      copy: number;
      result: ResultRecord;
      /** 1-based line where the row begins in its input; null if the input has no lines. */
      line: number | null;
      /** UNet steps that the row was expected to take. */
      steps: number;
      /** Whether the engine ran it in this run. */
      isPicture: boolean;
    };
