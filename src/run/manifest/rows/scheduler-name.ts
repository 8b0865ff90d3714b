/** A row's `scheduler`, by any of its names in diffusers, A1111 or ComfyUI. */
import { whyNoEquivalent } from '../../../diffusion/schedulers/names/find-sampler.js';
import { findScheduler, schedulerNames, schedulerSpellings } from '../../../diffusion/schedulers/registry.js';
import { SPACINGS } from '../../../diffusion/schedulers/names/sampler-table.js';
import { foldKey, nearestKey } from './nearest-key.js';
import { formatValue } from './format-value.js';

/** The canonical spelling of a scheduler's name, so that the same configuration has one digest; unknown names stay unchanged. */
export const canonicalSchedulerName = (name: string): string => findScheduler(name)?.name ?? name;

/** Why a scheduler's name is refused, or null. */
export const schedulerProblem = (name: string): string | null => {
  if (findScheduler(name) !== null) return null;
  return `Expected scheduler to be the name of a scheduler, got ${formatValue(name)}: ${mendOf(name)}`;
};

const mendOf = (name: string): string => {
  if (AYS.test(name))
    return 'Align Your Steps is timesteps "ays" here (--timesteps ays), with a scheduler that takes timesteps, such as DPM++ 2M or Euler';
  const why = whyNoEquivalent(name);
  if (why !== null) return ANCESTRAL.test(name) ? `${why}; the nearest are Euler a and DPM2 a` : why;
  const spacing = SPACINGS.find(({ a1111, comfy }) => [a1111, comfy].some((one) => foldKey(one) === foldKey(name)));
  if (spacing === undefined) return suggestion(name);
  return `${spacing.a1111} is a spacing: write it behind a sampler, such as DPM++ 2M ${spacing.a1111}`;
};

const AYS = /^(?:.*\s)?(?:align[\s_-]?your[\s_-]?steps|ays)$/i;
const ANCESTRAL = /(?:\sa|[\s_]ancestral)$/i;

const suggestion = (name: string): string => {
  const near = nearestKey(name, schedulerSpellings);
  if (near !== null) return `did you mean ${near}?`;
  return `choose one of ${schedulerNames.join(', ')}, or a name of A1111 or ComfyUI that docs/schedulers.md lists`;
};
