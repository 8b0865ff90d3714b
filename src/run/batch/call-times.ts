/** How long UNet calls and the rest of a row take: measured by runs, for the estimate of a dry run. */
import type { RefineReply } from '../../records/job.js';
import { median } from '../engine/median.js';
import type { UnetWork } from './count-calls.js';

/** Milliseconds for each million pixels. */
export interface CallTimes {
  /** Of a sample that the whole UNet computes. */
  whole: number;
  /** Of a sample with cached deep features; null: none has run. */
  cached: number | null;
  /** Of everything else that the engine does for a row: text encoders and VAE. */
  rest: number;
}

/** Rows that the medians are of: the last ones. */
const REMEMBERED = 50;
/** A sample with cached features takes this share of a whole one, until one has run: as at full size (docs/performance.md). */
const CACHED_SHARE = 0.05;
const PIXELS = 1_000_000;

/** Collects the times of a run's rows. */
export class TimesOfRun {
  readonly #rows: CallTimes[] = [];

  observe({ unetCalls, engineMs, width, height }: RefineReply): void {
    if (unetCalls === undefined || engineMs === undefined) return;
    const { samples, cached, ms, cachedMs } = unetCalls;
    const megapixels = (width * height) / PIXELS;
    if (samples === cached || megapixels === 0) return;
    this.#rows.push({
      whole: (ms - cachedMs) / (samples - cached) / megapixels,
      cached: cached === 0 ? null : cachedMs / cached / megapixels,
      rest: Math.max(0, engineMs - ms) / megapixels,
    });
    if (this.#rows.length > REMEMBERED) this.#rows.shift();
  }

  /** Medians, without the first row if there are others: it also reads the weights. null: no row ran. */
  get times(): CallTimes | null {
    const rows = this.#rows.length > 1 ? this.#rows.slice(1) : this.#rows;
    const whole = median(rows.map((row) => row.whole));
    const rest = median(rows.map((row) => row.rest));
    if (whole === undefined || rest === undefined) return null;
    return { whole, cached: median(rows.flatMap(({ cached }) => cached ?? [])) ?? null, rest };
  }
}

/** Milliseconds of a row that runs alone. @param pixels of its picture */
export const rowTime = ({ whole, cached, rest }: CallTimes, work: UnetWork, pixels: number): number => {
  const ofCached = cached ?? whole * CACHED_SHARE;
  const unet = (work.samples - work.cachedSamples) * whole + work.cachedSamples * ofCached;
  return ((unet + rest) * pixels) / PIXELS;
};
