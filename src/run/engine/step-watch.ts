/** How long an engine may go without a step before it counts as stalled: by the steps it has taken so far. */
import { LATENT_SCALE } from '../../records/picture.js';
import { median } from './median.js';
import type { EngineJob } from '../../records/job.js';

/** Times the median step. */
const PATIENCE = 10;
/** Steps that the median is of. */
const REMEMBERED = 50;
/** Fewer say little: the first steps also prepare memory and kernels. */
const LEAST_STEPS = 3;
/** Times the floor, until there are enough steps: a large picture on a slow processor takes minutes for one. */
const FIRST_PATIENCE = 30;
/** Side of a base model's training pictures. */
const USUAL_SIDE = 1024;

const pixelsOf = ({ input }: EngineJob): number => {
  switch (input.kind) {
    case 'pixels':
      return input.pixels.width * input.pixels.height;
    case 'latents':
      return input.latents.width * input.latents.height * LATENT_SCALE ** 2;
    case 'noise':
      return (input.width ?? USUAL_SIDE) * (input.height ?? USUAL_SIDE);
  }
};

export class StepWatch {
  /** Milliseconds of a step for each pixel. */
  readonly #times: number[] = [];

  /** @param floorMs no engine is ended sooner, however short its steps */
  constructor(private readonly floorMs: number) {}

  /** In milliseconds. */
  limitOf(job: EngineJob): number {
    if (this.#times.length < LEAST_STEPS) return FIRST_PATIENCE * this.floorMs;
    return Math.max(this.floorMs, PATIENCE * (median(this.#times) ?? 0) * pixelsOf(job));
  }

  /** @param ms between two steps of the job */
  observe(job: EngineJob, ms: number): void {
    this.#times.push(ms / pixelsOf(job));
    if (this.#times.length > REMEMBERED) this.#times.shift();
  }
}
