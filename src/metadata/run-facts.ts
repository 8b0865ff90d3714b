import type { RefineSettings } from '../records.js';
import type { GenerationFacts } from './facts.js';

/** What made one of our pictures: all that is written into it. */
export interface RunFacts {
  settings: RefineSettings;
  /** diffusers' class name of the scheduler that ran. */
  scheduler: string;
  /** UNet steps that ran. */
  stepsRun: number;
  /** Pixels of the picture that is written. */
  width: number;
  height: number;
  model: {
    name: string;
    /** What tells models apart (`fingerprintModel`); null if nobody took it. */
    fingerprint: string | null;
  };
  /** Of this program. */
  version: string;
  /** What made the source, if its metadata said so. */
  source: GenerationFacts | null;
}
