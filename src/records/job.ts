/** Jobs of the engine and its replies. Types only. */
import type { BitDepth, LatentsData, Pixels, RefinedPixels } from './picture.js';
import type { RefineSettings } from './settings.js';

/** An engine job: one picture or one set of latents, and the wanted output. */
export interface RefineJob {
  input: { kind: 'pixels'; pixels: Pixels } | { kind: 'latents'; latents: LatentsData };
  settings: RefineSettings;
  output: 'pixels' | 'latents';
  /** Of the output's pixels. */
  bitDepth: BitDepth;
  /** Each step reports a preview of the picture. */
  preview?: boolean;
}

/** An engine job: a picture from noise. Its `strength` and `denoisingStart` are ignored. */
export interface GenerateJob extends Omit<RefineJob, 'input'> {
  /** In pixels, multiples of 8; null for the model's training size. */
  input: { kind: 'noise'; width: number | null; height: number | null };
  /** Whether the reply includes the latents beside the picture. */
  keepLatents: boolean;
}

export type EngineJob = RefineJob | GenerateJob;

export type RefineOutput = { kind: 'pixels'; pixels: RefinedPixels } | { kind: 'latents'; latents: LatentsData };

/** Samples that the UNet computed, two a step with guidance, and how long they took. */
export interface UnetCalls {
  samples: number;
  /** Those of them that DeepCache computed from the deep features of an earlier step. */
  cached: number;
  /** Milliseconds of all samples. */
  ms: number;
  /** Of the cached ones. */
  cachedMs: number;
}

export const noCalls = (): UnetCalls => ({ samples: 0, cached: 0, ms: 0, cachedMs: 0 });

export const addCalls = (a: UnetCalls, b: UnetCalls): UnetCalls => ({
  samples: a.samples + b.samples,
  cached: a.cached + b.cached,
  ms: a.ms + b.ms,
  cachedMs: a.cachedMs + b.cachedMs,
});

/** The engine's reply to a job. */
export interface RefineReply {
  output: RefineOutput;
  /** Latents that the picture was decoded from, if the job asks for them. */
  latents?: LatentsData;
  /** Warnings for the user about this row. */
  warnings?: readonly string[];
  /** Precision of this row, if it overflowed in the run's; absent: the run's. */
  precision?: string;
  /** Device of this row, of several; absent: the run's. */
  device?: string;
  /** UNet steps that ran. */
  stepsRun: number;
  /** Absent: unknown, since a part of them is from an earlier run. */
  unetCalls?: UnetCalls;
  /** Milliseconds in the engine, without opening it. */
  engineMs?: number;
  /** The scheduler that ran: diffusers' class name, or the requested name of docs/schedulers.md. */
  scheduler: string;
  /** The refiner's scheduler, if a base model began the picture. */
  refinerScheduler?: string;
  /** Size of the picture, or of the picture that the latents encode, in pixels. */
  width: number;
  height: number;
}
