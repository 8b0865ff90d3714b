/** A row's `scheduler`, by any of its names in diffusers, A1111 or ComfyUI. */
import { whyNoEquivalent } from '../../../diffusion/schedulers/names/find-sampler.js';
import { findScheduler, schedulerNames, schedulerSpellings } from '../../../diffusion/schedulers/registry.js';
import { nearestKey } from './nearest-key.js';
import { formatValue } from './format-value.js';

/** The canonical spelling of a scheduler's name, so that the same configuration has one digest; unknown names stay unchanged. */
export const canonicalSchedulerName = (name: string): string => findScheduler(name)?.name ?? name;

/** Why a scheduler's name is refused, or null. */
export const schedulerProblem = (name: string): string | null => {
  if (findScheduler(name) !== null) return null;
  return `Expected scheduler to be the name of a scheduler, got ${formatValue(name)}: ${whyNoEquivalent(name) ?? suggestion(name)}`;
};

const suggestion = (name: string): string => {
  const near = nearestKey(name, schedulerSpellings);
  if (near !== null) return `did you mean ${near}?`;
  return `choose one of ${schedulerNames.join(', ')}, or a name of A1111 or ComfyUI that docs/schedulers.md lists`;
};
