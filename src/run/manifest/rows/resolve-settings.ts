/** Resolves a row's settings, in this order: its values, options, the picture's metadata, the model's defaults, built-in defaults. Finds conflicts between them. */
import { RefineError } from '../../../errors.js';
import {
  camelCase,
  SETTING_NAMES,
  usualVaeSample,
  type RefineSettings,
  type SettingName,
} from '../../../records/settings.js';
import type { LoraContext } from './lora-weights.js';
import type { MetadataSources, MetadataValues } from './embedded-values.js';
import { MAX_STEPS } from '../../../records/setting-kinds.js';
import { ROW_KEYS, type RowKeyName, type RowValues } from './row-keys.js';
import { drawnSeed, rowSeed, type SeedContext } from './row-seed.js';
import { canonicalSchedulerName, schedulerProblem } from './scheduler-name.js';

/** Values that complete a row and check it. */
export interface RowContext extends MetadataSources, LoraContext, SeedContext {
  /** Values of the command line's options, which a row's own values override. */
  options: RowValues;
  /** The model's defaults; for `generate` the base model's. */
  modelDefaults?: RowValues;
  /** For `generate`: the refiner's defaults. */
  refinerDefaults?: RowValues;
  /** Whether pictures keep the source's metadata and record how they were made. Default: true. */
  writeMetadata?: boolean;
}

/** Settings of which some may be missing or refused. */
export type PartialSettings = Partial<RefineSettings>;

/** diffusers treats 0 and 1 as not given (`denoising_value_valid` of its SDXL img2img pipeline, 0.42.1). */
const ignoreZeroAndOne = (share: number | null): number | null =>
  share !== null && share > 0 && share < 1 ? share : null;

const mapNonNull = <T>(value: T | null, map: (value: T) => T): T | null => (value === null ? null : map(value));

/** The model's strength, or the built-in default. If it gives no step with the row's steps, it is raised to give one. */
const modelStrength = ({ modelDefaults: { strength } = {} }: RowContext, steps: number): number | null => {
  if (strength === undefined) return ROW_KEYS.strength.default;
  if (Math.floor(steps * strength) >= 1) return strength;
  const least = 1 / steps;
  /* 49 × (1 / 49) is less than 1. */
  return Math.floor(steps * least) >= 1 ? least : least * (1 + Number.EPSILON);
};

/** Made once: a manifest may have a million rows. */
const NONE: RowValues = {};
const FIELDS = SETTING_NAMES.map((name) => [name, camelCase(name)] as const);

/**
 * Completes a row's values, except LoRA weights (`applyLoraWeights`). Omits settings whose key is in `refused`, and a missing prompt.
 *
 * @param own values from the picture's metadata
 */
export const resolveSettings = (
  values: RowValues,
  refused: ReadonlySet<RowKeyName>,
  context: RowContext,
  own: RowValues = NONE,
): PartialSettings => {
  type Value<Name extends RowKeyName> = NonNullable<RowValues[Name]> | (typeof ROW_KEYS)[Name]['default'];
  const { options, modelDefaults = NONE } = context;
  const get = <Name extends RowKeyName>(name: Name): Value<Name> =>
    values[name] ?? options[name] ?? own[name] ?? modelDefaults[name] ?? ROW_KEYS[name].default;
  /* A list of levels has its own number of steps, unless the row or an option says another, which is a problem. */
  const listed = stepsOfLevels(get('timesteps'), get('sigmas'));
  const steps = listed === null ? get('steps') : (values.steps ?? context.options.steps ?? listed);
  /* Settings that are not simply the first value in that order. */
  const computed: { [Name in SettingName]?: Value<Name> | null } = {
    steps,
    strength: values.strength ?? context.options.strength ?? modelStrength(context, steps),
    seed: rowSeed({ row: values.seed, option: context.options.seed, picture: own.seed }, context),
    scheduler: mapNonNull(get('scheduler'), canonicalSchedulerName),
    variation_seed: mapNonNull(get('variation_seed'), (seed) => drawnSeed('variation_seed', seed, context)),
    vae_sample: get('vae_sample') ?? usualVaeSample(get('rng')),
    denoising_start: ignoreZeroAndOne(get('denoising_start')),
    denoising_end: ignoreZeroAndOne(get('denoising_end')),
  };
  const settings: Record<string, unknown> = {};
  /* A loop: Object.fromEntries takes seven times as long. */
  for (const [name, field] of FIELDS) {
    const value = name in computed ? computed[name] : get(name);
    if (!refused.has(name) && !(name === 'prompt' && value === null)) settings[field] = value;
  }
  return settings;
};

/**
 * What a picture's metadata gives, without steps of which none may run: pictures of LCM, Turbo and Lightning models have one to eight.
 * They are left out with a warning, because metadata makes no row fail.
 */
export const withoutIdleSteps = (
  values: RowValues,
  refused: ReadonlySet<RowKeyName>,
  context: RowContext,
  own: MetadataValues,
): MetadataValues => {
  const { steps: ownSteps, ...others } = own.values;
  if (ownSteps === undefined) return own;
  const { steps, strength, denoisingStart: start } = resolveSettings(values, refused, context, own.values);
  if (steps !== ownSteps || strength === undefined || start === undefined) return own;
  /* From a denoising_start on, where timesteps end decides: a schedule's last one is within its last step. */
  const runs = start === null ? Math.floor(steps * strength) >= 1 : steps * (1 - start) > 1 - Number.EPSILON * steps;
  if (runs) return own;
  const why = start === null ? `strength ${strength}` : `denoising_start ${start}`;
  const warning = `Ignored steps ${steps} of the picture's metadata: with ${why} none of them might run.`;
  return { ...own, values: others, warnings: [...own.warnings, warning] };
};

/** Steps of a list of timesteps or sigmas; null: there is none. */
const stepsOfLevels = (
  timesteps: RefineSettings['timesteps'] | undefined,
  sigmas: RefineSettings['sigmas'] | undefined,
): number | null => {
  if (typeof timesteps === 'object' && timesteps !== null) return timesteps.length;
  return sigmas == null ? null : sigmas.length - 1;
};

const invalid = (message: string): RefineError => new RefineError('ROW_FIELD_INVALID', message);

/** Fewest steps of which at least one runs. @param strength at least 1 / MAX_STEPS */
const fewestSteps = (strength: number): number => {
  let steps = Math.floor(1 / strength);
  while (Math.floor(steps * strength) < 1) steps += 1;
  return steps;
};

/** Least strength with which a step runs, in as few digits as it takes to be near. */
const leastStrength = (steps: number): number => {
  for (let unit = 100; unit < 1e8; unit *= 10) {
    const strength = Math.ceil(unit / steps) / unit;
    if (Math.floor(steps * strength) === 1) return strength;
  }
  return 1;
};

const noStepProblem = (steps: number, strength: number, stepsKey: string): string => {
  const isHopeless = Math.floor(MAX_STEPS * strength) < 1;
  const least = `strength to ${leastStrength(steps)} or more`;
  const mend = isHopeless ? `raise ${least}` : `raise ${stepsKey} to ${fewestSteps(strength)} or more, or ${least}`;
  return `Expected ${stepsKey} × strength to be at least 1, got ${steps} × ${strength}: no step would run; ${mend}`;
};

/** Conflicts between settings that are valid separately. @param stepsKey the key that says the steps */
export function* settingProblems(
  settings: PartialSettings,
  stepsKey: 'steps' | 'refiner_steps' = 'steps',
): Generator<RefineError> {
  const { steps, strength, scheduler, denoisingStart: start, denoisingEnd: end } = settings;
  if (typeof scheduler === 'string') {
    const problem = schedulerProblem(scheduler);
    if (problem !== null) yield invalid(problem);
  }
  const { timesteps = null, sigmas = null } = settings;
  if (timesteps !== null && sigmas !== null)
    yield invalid('Expected timesteps or sigmas, got both: leave one of them out');
  const listed = stepsOfLevels(timesteps, sigmas);
  if (listed !== null && steps !== undefined && steps !== listed) {
    yield invalid(
      `Expected ${stepsKey} to be ${listed}, as ${sigmas === null ? 'timesteps' : 'sigmas'} says, got ${steps}: leave ${stepsKey} out`,
    );
  }
  if (steps !== undefined && strength !== undefined && start === null && Math.floor(steps * strength) < 1) {
    yield invalid(noStepProblem(steps, strength, stepsKey));
  }
  if (settings.variationSeed === null && settings.variationStrength !== undefined && settings.variationStrength > 0) {
    yield invalid('Expected a variation_seed with variation_strength, found none: add one');
  }
  const { guidanceStart = 0, guidanceEnd = 1 } = settings;
  if (guidanceStart >= guidanceEnd) {
    yield invalid(
      `Expected guidance_start to be below guidance_end, got ${guidanceStart} and ${guidanceEnd}; guidance_scale 1 is no guidance at all`,
    );
  }
  if (typeof start === 'number' && typeof end === 'number' && start >= end) {
    yield invalid(`Expected denoising_start to be below denoising_end, got ${start} and ${end}`);
  }
}
