/** From a name of A1111, ComfyUI or their kin to a class of diffusers and its configuration. */
import type { ConfigValues } from '../config-fields.js';
import { type Sampler, SAMPLERS, type Spacing, SPACINGS } from './sampler-table.js';
import { WITHOUT_EQUIVALENT } from './without-equivalent.js';

/** A scheduler as it was asked for. */
export interface NamedScheduler {
  /** The one spelling that it is recorded under. */
  readonly name: string;
  /** diffusers' class. */
  readonly scheduler: string;
  /** Keys that take the place of the model's. */
  readonly values: ConfigValues;
}

/** Case, spaces, `_`, `-` and `/` do not count, and `++` is `pp`. */
const fold = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll('++', 'pp')
    .replaceAll(/[\s_/-]/g, '');

const namesOf = ({ a1111, comfy, also }: Sampler | Spacing): string[] =>
  [a1111, comfy, ...also].filter((name) => name !== null);

/** ComfyUI names the place where noise is drawn (`_gpu`), k-diffusion's early users the library (`k_`). */
const spellings = (name: string): string[] => [name, `k_${name}`, `${name}_gpu`].map(fold);

const takes = (sampler: Sampler, { rule }: Spacing): boolean =>
  sampler.takes === 'all' ||
  (sampler.takes === 'timesteps' && rule === null) ||
  (sampler.takes === 'rules' && rule !== null);

const valuesOf = ({ timesteps, rule }: Spacing): ConfigValues => ({
  timestep_spacing: timesteps,
  steps_offset: timesteps === 'leading' ? 1 : 0,
  use_karras_sigmas: rule === 'karras',
  use_exponential_sigmas: rule === 'exponential',
  use_beta_sigmas: rule === 'beta',
});

const named = (sampler: Sampler, spacing: Spacing | null): NamedScheduler => {
  const own = namesOf(sampler)[0]!;
  return {
    name: spacing === null || spacing.comfy === sampler.plain ? own : `${own} ${spacing.a1111}`,
    scheduler: sampler.scheduler,
    values: { ...sampler.values, ...(spacing === null ? {} : valuesOf(spacing)) },
  };
};

/** What `named` makes of a sampler and what it does not take, by every spelling. */
const FOUND = new Map<string, NamedScheduler>();
const REFUSED = new Map<string, string>();
/** Samplers whose names carry noise levels that they do not take. */
const WITHOUT_LEVELS = new Map<string, NamedScheduler>();

for (const sampler of SAMPLERS) {
  const plain = SPACINGS.find(({ comfy }) => comfy === sampler.plain) ?? null;
  for (const spelling of namesOf(sampler).flatMap(spellings)) {
    FOUND.set(spelling, named(sampler, plain));
    for (const spacing of SPACINGS) {
      for (const suffix of namesOf(spacing).map(fold)) {
        if (takes(sampler, spacing)) FOUND.set(spelling + suffix, named(sampler, spacing));
        else {
          REFUSED.set(spelling + suffix, `${namesOf(sampler)[0]!} takes no ${spacing.a1111} noise levels`);
          WITHOUT_LEVELS.set(spelling + suffix, named(sampler, plain));
        }
      }
    }
  }
}
for (const name of WITHOUT_EQUIVALENT.samplers) {
  for (const suffix of ['', ...SPACINGS.flatMap(namesOf)])
    REFUSED.set(fold(name + suffix), `${name} has no equivalent here`);
}
for (const name of WITHOUT_EQUIVALENT.spacings) {
  for (const sampler of SAMPLERS) {
    const plain = SPACINGS.find(({ comfy }) => comfy === sampler.plain) ?? null;
    for (const spelling of namesOf(sampler).flatMap(spellings)) {
      REFUSED.set(spelling + fold(name), `the noise levels ${name} have no equivalent here`);
      WITHOUT_LEVELS.set(spelling + fold(name), named(sampler, plain));
    }
  }
}

/** "DPM++ 2M Karras", `dpmpp_2m_karras` and `dpmpp_2m/karras` are one. @returns null: nothing is called so */
export const findSampler = (name: string): NamedScheduler | null => FOUND.get(fold(name)) ?? null;

/** Why a name that another program knows stands for nothing here; null: it is no such name. */
export const whyNoSampler = (name: string): string | null => REFUSED.get(fold(name)) ?? null;

/**
 * A sampler and a spacing as metadata names them, apart or in one name: the sampler alone where the spacing is none of its own.
 * @param spacing A1111's `Automatic` is what that program takes for the sampler
 */
export const findPair = (sampler: string, spacing: string | null): NamedScheduler | null => {
  const alone = findSampler(sampler) ?? WITHOUT_LEVELS.get(fold(sampler)) ?? null;
  if (spacing === null || alone === null) return alone;
  if (fold(spacing) !== 'automatic') return findSampler(`${sampler} ${spacing}`) ?? alone;
  const { automatic } = SAMPLERS.find((entry) => namesOf(entry).flatMap(spellings).includes(fold(sampler))) ?? {};
  return automatic == null ? alone : (findSampler(`${sampler} ${automatic}`) ?? alone);
};

/** How A1111 writes a scheduler: its sampler, and its schedule type where that is not the sampler's plain one. */
export const toA1111 = (name: string): { sampler: string; spacing: string | null } => {
  const entry =
    SAMPLERS.find(({ scheduler, a1111 }) => scheduler === name && a1111 !== null) ??
    SAMPLERS.find((sampler) => [null, ...SPACINGS].some((spacing) => named(sampler, spacing).name === name));
  const sampler = entry === undefined ? name : (entry.a1111 ?? name);
  const spacing = SPACINGS.find(({ a1111 }) => name === `${sampler} ${a1111}`);
  return { sampler, spacing: spacing?.a1111 ?? null };
};

/** Names to suggest: as A1111 and as ComfyUI write them. */
export const samplerSpellings: readonly string[] = SAMPLERS.flatMap((sampler) => {
  const suffixes = SPACINGS.filter((spacing) => takes(sampler, spacing));
  const written = namesOf(sampler).flatMap((name) => [
    name,
    ...suffixes.map(({ a1111, comfy }) => (name === sampler.a1111 ? `${name} ${a1111}` : `${name}_${comfy}`)),
  ]);
  return written;
});
