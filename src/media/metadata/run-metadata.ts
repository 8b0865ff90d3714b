import type { Generation } from '../../records/row.js';
import type { RefineSettings } from '../../records/settings.js';
import type { GenerationMetadata } from './generation-metadata.js';

/** The metadata of a run that is embedded into its pictures. */
export interface RunMetadata {
  settings: RefineSettings;
  /** The scheduler that ran: diffusers' class name, or the requested name as in docs/schedulers.md. */
  scheduler: string;
  /** UNet steps that ran. */
  stepsRun: number;
  /** Pixels of the written picture. */
  width: number;
  height: number;
  model: {
    name: string;
    /** Identifies the model (`fingerprintModel`); null if unknown. */
    fingerprint: string | null;
  };
  /** Version of this program. */
  version: string;
  /** Only for a picture from noise; `settings` are then the base model's. */
  generation?: Pick<Generation, 'mode' | 'handoff' | 'stageInput' | 'refiner'>;
  /** Base model's name, only for a picture from noise. */
  baseModel?: string;
  /** Generation metadata of the source picture; null if it has none. */
  source: GenerationMetadata | null;
}
