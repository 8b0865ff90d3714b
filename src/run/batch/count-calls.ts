/** Counts the UNet calls of a row, for a dry run. */
import type { RefineSettings } from '../../records/settings.js';

/** What the UNet would compute for a row, or for several. */
export interface UnetWork {
  /** One for each step, two for a second-order step; with guidance each computes two samples. */
  calls: number;
  /** Those of them that reuse the deep features of an earlier step. */
  cached: number;
  samples: number;
  cachedSamples: number;
}

export const NO_WORK: UnetWork = { calls: 0, cached: 0, samples: 0, cachedSamples: 0 };

type CountedSettings = Pick<RefineSettings, 'cacheInterval' | 'guidanceScale' | 'guidanceStart' | 'guidanceEnd'>;

/**
 * With guidance in a part of the schedule, or adaptive, samples are an upper limit.
 * @param calls that run, of a schedule with so many calls for each step (`order`)
 */
export const countWork = (calls: number, order: number, settings: CountedSettings): UnetWork => {
  const { cacheInterval, guidanceScale, guidanceStart, guidanceEnd } = settings;
  const isWhole = (call: number): boolean => Math.floor(call / order) % cacheInterval === 0;
  const cached = Array.from({ length: calls }, (_, call) => call).filter((call) => !isWhole(call)).length;
  const samplesOfCall = guidanceScale <= 1 || guidanceStart >= guidanceEnd ? 1 : 2;
  return { calls, cached, samples: calls * samplesOfCall, cachedSamples: cached * samplesOfCall };
};

export const addWork = (a: UnetWork, b: UnetWork): UnetWork => ({
  calls: a.calls + b.calls,
  cached: a.cached + b.cached,
  samples: a.samples + b.samples,
  cachedSamples: a.cachedSamples + b.cachedSamples,
});
