/** Maps sampler names of A1111, ComfyUI and similar programs to diffusers' classes and configurations. */
import type { ConfigValues } from '../config-fields.js';
import { type Sampler, SAMPLERS, type Spacing, SPACINGS } from './sampler-table.js';
import { WITHOUT_EQUIVALENT } from './without-equivalent.js';

/** A scheduler by its requested name. */
export interface NamedScheduler {
  /** Its canonical spelling, as in results. */
  readonly name: string;
  /** diffusers' class. */
  readonly scheduler: string;
  /** Keys that override the model's. */
  readonly values: ConfigValues;
}

/** Ignores case, spaces, `_`, `-`, `/`, commas and parentheses; `++` is `pp`. */
const normalizeName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll('++', 'pp')
    .replaceAll(/[\s_/(),-]/g, '');

const namesOf = ({ a1111, comfy, also }: Sampler | Spacing): string[] =>
  [a1111, comfy, ...also].filter((name) => name !== null);

/** ComfyUI adds the device of the noise (`_gpu`), early users of k-diffusion the library (`k_`). */
const spellings = (name: string): string[] => [name, `k_${name}`, `${name}_gpu`].map(normalizeName);

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

/** Samplers, and reasons for unsupported combinations, by every spelling. */
const FOUND = new Map<string, NamedScheduler>();
const REFUSED = new Map<string, string>();
/** Samplers by names with an unsupported spacing, which is dropped. */
const WITHOUT_LEVELS = new Map<string, NamedScheduler>();

for (const sampler of SAMPLERS) {
  const plain = SPACINGS.find(({ comfy }) => comfy === sampler.plain) ?? null;
  for (const spelling of namesOf(sampler).flatMap(spellings)) {
    FOUND.set(spelling, named(sampler, plain));
    for (const spacing of SPACINGS) {
      for (const suffix of namesOf(spacing).map(normalizeName)) {
        if (takes(sampler, spacing)) FOUND.set(spelling + suffix, named(sampler, spacing));
        else {
          REFUSED.set(spelling + suffix, `${namesOf(sampler)[0]!} does not support ${spacing.a1111} spacing`);
          WITHOUT_LEVELS.set(spelling + suffix, named(sampler, plain));
        }
      }
    }
  }
}
for (const name of WITHOUT_EQUIVALENT.samplers) {
  for (const suffix of ['', ...SPACINGS.flatMap(namesOf)])
    REFUSED.set(normalizeName(name + suffix), `${name} has no equivalent here`);
}
for (const name of WITHOUT_EQUIVALENT.spacings) {
  for (const sampler of SAMPLERS) {
    const plain = SPACINGS.find(({ comfy }) => comfy === sampler.plain) ?? null;
    for (const spelling of namesOf(sampler).flatMap(spellings)) {
      REFUSED.set(spelling + normalizeName(name), `the spacing ${name} has no equivalent here`);
      WITHOUT_LEVELS.set(spelling + normalizeName(name), named(sampler, plain));
    }
  }
}

/** "DPM++ 2M Karras", `dpmpp_2m_karras` and `dpmpp_2m/karras` are one. @returns null: unknown name */
export const findSampler = (name: string): NamedScheduler | null => FOUND.get(normalizeName(name)) ?? null;

/** Why a known name of another program has no equivalent here; null: unknown name. */
export const whyNoEquivalent = (name: string): string | null => REFUSED.get(normalizeName(name)) ?? null;

/**
 * Finds a sampler and a spacing, as in metadata; the sampler alone if it does not support the spacing.
 * @param spacing A1111's `Automatic` is the sampler's default spacing in A1111
 */
export const findSamplerWithSpacing = (sampler: string, spacing: string | null): NamedScheduler | null => {
  const alone = findSampler(sampler) ?? WITHOUT_LEVELS.get(normalizeName(sampler)) ?? null;
  if (spacing === null || alone === null) return alone;
  if (normalizeName(spacing) !== 'automatic') return findSampler(`${sampler} ${spacing}`) ?? alone;
  const { automatic } =
    SAMPLERS.find((entry) => namesOf(entry).flatMap(spellings).includes(normalizeName(sampler))) ?? {};
  return automatic == null ? alone : (findSampler(`${sampler} ${automatic}`) ?? alone);
};

const SPACING_NAMES: ReadonlySet<string> = new Set(
  [...SPACINGS.flatMap(namesOf), ...WITHOUT_EQUIVALENT.spacings, 'Automatic'].map(normalizeName),
);

/** Whether a name is one of noise levels alone, with or without an equivalent here. */
export const isSpacing = (name: string): boolean => SPACING_NAMES.has(normalizeName(name));

/** A name for `findSampler` of a sampler and a spacing, also where there is no such scheduler. @param spacing as for `findSamplerWithSpacing` */
export const withSpacing = (sampler: string, spacing: string): string =>
  normalizeName(spacing) === 'automatic'
    ? (findSamplerWithSpacing(sampler, spacing)?.name ?? sampler)
    : `${sampler} ${spacing}`;

/** Words for a sampler's own levels: of A1111's hires pass, SD.Next and NovelAI. */
const OWN_LEVELS: ReadonlySet<string> = new Set(['automatic', 'default', 'native', 'usesamescheduler', 'none', '']);

/**
 * The spacing that `findSamplerWithSpacing` leaves out: the given one, or the sampler's name if that has it.
 * @returns null if there is none, or the sampler is unknown
 */
export const spacingWithoutEquivalent = (sampler: string, spacing: string | null): string | null => {
  const [name, levels] = [normalizeName(sampler), normalizeName(spacing ?? '')];
  if (findSampler(sampler) === null) return WITHOUT_LEVELS.has(name) ? sampler : null;
  // Fooocus names LCM's and TCD's levels after them, and those of others twice.
  if (OWN_LEVELS.has(levels) || name.endsWith(levels)) return null;
  return findSampler(`${sampler} ${spacing}`) === null ? spacing : null;
};

/** A1111's sampler name of a scheduler, and its schedule type unless it is the sampler's default. */
export const toA1111 = (name: string): { sampler: string; spacing: string | null } => {
  const entry =
    SAMPLERS.find(({ scheduler, a1111 }) => scheduler === name && a1111 !== null) ??
    SAMPLERS.find((sampler) => [null, ...SPACINGS].some((spacing) => named(sampler, spacing).name === name));
  const sampler = entry === undefined ? name : (entry.a1111 ?? name);
  const spacing = SPACINGS.find(({ a1111 }) => name === `${sampler} ${a1111}`);
  return { sampler, spacing: spacing?.a1111 ?? null };
};

/** Names to suggest, in A1111's and ComfyUI's spelling. */
export const samplerSpellings: readonly string[] = SAMPLERS.flatMap((sampler) => {
  const suffixes = SPACINGS.filter((spacing) => takes(sampler, spacing));
  const written = namesOf(sampler).flatMap((name) => [
    name,
    ...suffixes.map(({ a1111, comfy }) => (name === sampler.a1111 ? `${name} ${a1111}` : `${name}_${comfy}`)),
  ]);
  return written;
});
