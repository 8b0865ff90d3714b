/** What a run tells whoever shows it. */
import type { EngineInfo } from '../engine/protocol.js';
import type { ResultRecord } from '../records.js';

export type BatchEvent =
  | { kind: 'opened'; info: EngineInfo }
  /** A row is in the engine; `steps` is known once the schedule is built. */
  | { kind: 'step'; rowIndex: number; step: number; steps: number }
  /** A row is finished, and its result is in the journal. */
  | { kind: 'row'; result: ResultRecord };
