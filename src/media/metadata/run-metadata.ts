import type { Generation } from '../../records/row.js';
import type { RefineSettings } from '../../records/settings.js';
import type { GenerationMetadata } from './generation-metadata.js';

/** The metadata of a run that is embedded into its pictures. */
export interface RunMetadata {
  settings: RefineSettings;
  /** The scheduler that ran: diffusers' class name, or what it was asked for as in docs/schedulers.md. */
  scheduler: string;
  /** UNet steps that ran. */
  stepsRun: number;
  /** Pixels of the picture that is written. */
  width: number;
  height: number;
  model: {
    name: string;
    /** Identifies the model (`fingerprintModel`); null if unknown. */
    fingerprint: string | null;
  };
  /** Of this program. */
  version: string;
  /** Of a picture from noise: `settings` are the base model's then. */
  generation?: Pick<Generation, 'mode' | 'handoff' | 'stageInput' | 'refiner'>;
  /** Of the same: the base model's name. */
  baseModel?: string;
  /** What made the source, if its metadata said so. */
  source: GenerationMetadata | null;
}
