/** Jobs of the engine and its replies. Types only. */
import type { BitDepth, LatentsData, Pixels, RefinedPixels } from './picture.js';
import type { RefineSettings } from './settings.js';

/** What the engine is asked: one picture or one set of latents, and what to do with it. */
export interface RefineJob {
  input: { kind: 'pixels'; pixels: Pixels } | { kind: 'latents'; latents: LatentsData };
  settings: RefineSettings;
  output: 'pixels' | 'latents';
  /** Of the pixels that come back. */
  bitDepth: BitDepth;
  /** Every step shows the picture so far. */
  preview?: boolean;
}

/** What the engine is asked: a picture from noise. Of the settings, `strength` and `denoisingStart` say nothing here. */
export interface GenerateJob extends Omit<RefineJob, 'input'> {
  /** In pixels, multiples of 8; null: the side that the model was trained on. */
  input: { kind: 'noise'; width: number | null; height: number | null };
  /** The latents come back beside the picture. */
  keepLatents: boolean;
}

export type EngineJob = RefineJob | GenerateJob;

export type RefineOutput = { kind: 'pixels'; pixels: RefinedPixels } | { kind: 'latents'; latents: LatentsData };

/** What the engine answers. */
export interface RefineReply {
  output: RefineOutput;
  /** What the picture was decoded from, where the job asks for it. */
  latents?: LatentsData;
  /** Warnings for the user about this row. */
  warnings?: readonly string[];
  /** What it was computed in, which is not the run's where that was too small for this row; absent: the run's. */
  precision?: string;
  /** Where it was computed, of several devices; absent: on the run's. */
  device?: string;
  /** UNet steps that ran. */
  stepsRun: number;
  /** The scheduler that ran: diffusers' class name, or what it was asked for as in docs/schedulers.md. */
  scheduler: string;
  /** The refiner's, of a picture that a base model began. */
  refinerScheduler?: string;
  /** Size of the picture that the latents stand for, in pixels. */
  width: number;
  height: number;
}
