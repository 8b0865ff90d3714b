import { findSamplerWithSpacing, spacingWithoutEquivalent } from '../../diffusion/schedulers/names/find-sampler.js';
import { isSchedulerName } from '../../diffusion/schedulers/registry.js';
import type { GenerationMetadata } from './generation-metadata.js';

/**
 * The scheduler for a program's sampler and noise levels, as docs/schedulers.md lists it.
 * @returns null if the picture names no sampler, or one without an equivalent here
 */
export const mapSampler = ({
  sampler,
  scheduler,
}: Pick<GenerationMetadata, 'sampler' | 'scheduler'>): string | null => {
  if (sampler === null || isSchedulerName(sampler)) return sampler;
  return findSamplerWithSpacing(sampler, scheduler)?.name ?? null;
};

/** The noise levels that `mapSampler` leaves out, as the program wrote them, or the sampler's name that has them; null: none. */
export const ignoredLevels = ({
  sampler,
  scheduler,
}: Pick<GenerationMetadata, 'sampler' | 'scheduler'>): string | null =>
  sampler === null || isSchedulerName(sampler) ? null : spacingWithoutEquivalent(sampler, scheduler);
