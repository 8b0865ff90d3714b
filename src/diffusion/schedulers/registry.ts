/** Schedulers by name: from a model's configuration and a row's `scheduler` to a schedule. */
import { messageOf, RefineError } from '../../errors.js';
import { cutText } from '../../io/json/json-text.js';
import { type ConfigOf, type ConfigValues, type Fields, readFields, unsupported } from './config-fields.js';
import { buildDdim, DDIM_FIELDS } from './methods/ddim.js';
import { buildDdpm, DDPM_FIELDS } from './methods/ddpm.js';
import { buildDeis, DEIS_FIELDS } from './methods/deis.js';
import { buildDpmSde, DPM_SDE_FIELDS } from './methods/dpm-sde.js';
import { buildDpmSinglestep, DPM_SINGLESTEP_FIELDS } from './methods/dpm-singlestep.js';
import { buildDpmMultistep, DPM_MULTISTEP_FIELDS } from './methods/dpm-multistep.js';
import { buildEdmEuler, EDM_EULER_FIELDS } from './methods/edm-euler.js';
import { buildEulerAncestral, EULER_ANCESTRAL_FIELDS } from './methods/euler-ancestral.js';
import { buildEuler, EULER_FIELDS } from './methods/euler.js';
import { findSampler, type NamedScheduler, samplerSpellings, whyNoEquivalent } from './names/find-sampler.js';
import { buildHeun, HEUN_FIELDS } from './methods/heun.js';
import { buildKdpm2, buildKdpm2Ancestral, KDPM2_FIELDS } from './methods/kdpm2.js';
import { buildLcm, LCM_FIELDS } from './methods/lcm.js';
import { buildLms, LMS_FIELDS } from './methods/lms.js';
import { buildPndm, PNDM_FIELDS } from './methods/pndm.js';
import { alignedTimesteps } from './noise/align-your-steps.js';
import { type NoiseConfig, trainedNoise } from './noise/noise-schedule.js';
import { SIGMA_FIELDS } from './noise/sigmas.js';
import { CUSTOM_SIGMAS, CUSTOM_TIMESTEPS } from './noise/timesteps.js';
import type { Schedule, UnnamedSchedule } from './scheduler.js';
import type { RefineSettings } from '../../records/settings.js';
import { buildTcd, TCD_FIELDS } from './methods/tcd.js';
import { buildUnipc, UNIPC_FIELDS } from './methods/unipc.js';

interface Definition {
  readonly fields: Fields;
  build(values: ConfigValues, steps: number): UnnamedSchedule;
}

const define = <F extends Fields>(
  fields: F,
  build: (config: ConfigOf<F>, steps: number) => UnnamedSchedule,
): Definition => ({ fields, build: (values, steps) => build(readFields(fields, values), steps) });

const SCHEDULERS = {
  DDIMScheduler: define(DDIM_FIELDS, buildDdim),
  DDPMScheduler: define(DDPM_FIELDS, buildDdpm),
  DEISMultistepScheduler: define(DEIS_FIELDS, buildDeis),
  DPMSolverMultistepScheduler: define(DPM_MULTISTEP_FIELDS, buildDpmMultistep),
  DPMSolverSDEScheduler: define(DPM_SDE_FIELDS, buildDpmSde),
  DPMSolverSinglestepScheduler: define(DPM_SINGLESTEP_FIELDS, buildDpmSinglestep),
  EDMEulerScheduler: define(EDM_EULER_FIELDS, buildEdmEuler),
  EulerAncestralDiscreteScheduler: define(EULER_ANCESTRAL_FIELDS, buildEulerAncestral),
  EulerDiscreteScheduler: define(EULER_FIELDS, buildEuler),
  HeunDiscreteScheduler: define(HEUN_FIELDS, buildHeun),
  KDPM2AncestralDiscreteScheduler: define(KDPM2_FIELDS, buildKdpm2Ancestral),
  KDPM2DiscreteScheduler: define(KDPM2_FIELDS, buildKdpm2),
  LCMScheduler: define(LCM_FIELDS, buildLcm),
  LMSDiscreteScheduler: define(LMS_FIELDS, buildLms),
  PNDMScheduler: define(PNDM_FIELDS, buildPndm),
  TCDScheduler: define(TCD_FIELDS, buildTcd),
  UniPCMultistepScheduler: define(UNIPC_FIELDS, buildUnipc),
} as const satisfies Record<string, Definition>;

export type SchedulerName = keyof typeof SCHEDULERS;
export const schedulerNames = Object.keys(SCHEDULERS) as readonly SchedulerName[];
export const isSchedulerName = (name: string): name is SchedulerName => Object.hasOwn(SCHEDULERS, name);

/** A model's scheduler with all values of its file, including those for other classes. */
export interface SchedulerConfig {
  readonly name: SchedulerName;
  readonly values: ConfigValues;
  /** The requested name, if it is not a class name. */
  readonly label?: string;
}

/** Finds a scheduler by its name in diffusers, A1111, ComfyUI or similar programs. @returns null: unknown name */
export const findScheduler = (name: string): NamedScheduler | null =>
  isSchedulerName(name) ? { name, scheduler: name, values: {} } : findSampler(name);

/** Names to suggest for an unknown one. */
export const schedulerSpellings: readonly string[] = [...schedulerNames, ...samplerSpellings];

/** Keys of other diffusers schedulers, which configurations keep for a later change of scheduler. */
const OTHER_SCHEDULERS_KEYS: ReadonlySet<string> = new Set([
  'dynamic_thresholding_ratio',
  'flow_shift',
  'sample_max_value',
  'shift_terminal',
  'time_shift_type',
  'use_dynamic_shifting',
]);

const isKnownKey = (key: string): boolean =>
  key.startsWith('_') ||
  OTHER_SCHEDULERS_KEYS.has(key) ||
  Object.values(SCHEDULERS).some(({ fields }: Definition) => Object.hasOwn(fields, key));

/**
 * @param json contents of a diffusers `scheduler_config.json`
 * @throws MODEL_CONFIG_INVALID if it is not one
 * @throws MODEL_CONFIG_UNSUPPORTED naming the unsupported key and value
 */
export const parseSchedulerConfig = (json: unknown): SchedulerConfig => {
  const { _class_name: name, ...values } = (typeof json === 'object' && json !== null ? json : {}) as ConfigValues;
  if (typeof name !== 'string') {
    throw new RefineError('MODEL_CONFIG_INVALID', 'Expected a scheduler_config.json with a "_class_name".');
  }
  if (!isSchedulerName(name)) throw unsupported('_class_name', name, `expected ${schedulerNames.join(' or ')}`);
  const unknownKey = Object.keys(values).find((key) => !isKnownKey(key));
  if (unknownKey !== undefined) throw unsupported(unknownKey, values[unknownKey], 'this version does not know the key');
  const config = { name, values };
  buildSchedule(config, 1);
  return config;
};

const MAX_SHOWN = 80;

/**
 * The model's scheduler, or another class with the model's values, as by diffusers' `from_config`. A sampler name of another
 * program overrides values of the model.
 * @throws ROW_FIELD_INVALID if the name is unknown, or the scheduler does not support the model's values
 */
export const configFor = (name: string | null, model: SchedulerConfig): SchedulerConfig => {
  if (name === null || name === model.name) return model;
  const shown = JSON.stringify(cutText(name, MAX_SHOWN));
  const context = { field: 'scheduler', value: cutText(name, MAX_SHOWN) };
  const named = findScheduler(name);
  if (named === null || !isSchedulerName(named.scheduler)) {
    const why = whyNoEquivalent(name) ?? `Choose one of ${schedulerNames.join(', ')}, or a name of docs/schedulers.md`;
    const message = `Expected a scheduler's name, found ${shown}: ${why}.`;
    throw new RefineError('ROW_FIELD_INVALID', message, { context });
  }
  const config = { name: named.scheduler, label: named.name, values: { ...model.values, ...named.values } };
  try {
    buildSchedule(config, 1);
  } catch (cause) {
    const message = `${name} cannot run this model. ${messageOf(cause)}`;
    throw new RefineError('ROW_FIELD_INVALID', message, { context, cause });
  }
  return config;
};

/**
 * @param steps of the whole schedule, at least 1; part of them runs (`stepRange`)
 * @param levels custom timesteps or sigmas of that length; default: the scheduler's spacing
 * @throws ROW_FIELD_INVALID if the scheduler does not support so many steps or such levels
 */
export const buildSchedule = (config: SchedulerConfig, steps: number, levels: CustomLevels = NO_LEVELS): Schedule => {
  const { name, values, label } = config;
  const definition: Definition = SCHEDULERS[name];
  return { name: label ?? name, ...definition.build({ ...values, ...levelValues(config, steps, levels) }, steps) };
};

/** Levels that replace the scheduler's spacing: at most one of them is not null. */
export type CustomLevels = Pick<RefineSettings, 'timesteps' | 'sigmas'>;

const NO_LEVELS: CustomLevels = { timesteps: null, sigmas: null };

const levelValues = (config: SchedulerConfig, steps: number, { timesteps, sigmas }: CustomLevels): ConfigValues => {
  /* Overrides these keys of a configuration file. */
  const none = { [CUSTOM_TIMESTEPS]: null, [CUSTOM_SIGMAS]: null };
  if (timesteps === null && sigmas === null) return none;
  const { name, values, label = name } = config;
  const { fields }: Definition = SCHEDULERS[name];
  const [field, key] = sigmas === null ? ['timesteps', CUSTOM_TIMESTEPS] : ['sigmas', CUSTOM_SIGMAS];
  if (!Object.hasOwn(fields, key)) {
    const able = schedulerNames.filter((scheduler) => Object.hasOwn(SCHEDULERS[scheduler].fields, key));
    throw levelsError(
      field,
      `Expected no ${field} with ${label}, which spaces its steps itself. Take ${able.join(', ')}`,
    );
  }
  const spacing = SPACINGS.find((key) => Object.hasOwn(fields, key) && values[key] === true);
  if (sigmas === null && spacing !== undefined) throw spacingError(config, spacing);
  /* With the scheduler's own defaults: Heun's betas are others than Euler's. */
  const noise = readFields(fields, values) as NoiseConfig;
  const own = timesteps === 'ays' ? alignedTimesteps(steps, trainedNoise(noise)) : timesteps;
  const train = noise.num_train_timesteps;
  if (own !== null && own[0]! >= train) {
    const message =
      timesteps === 'ays'
        ? `Expected a model with 1000 training timesteps for timesteps "ays", found ${train} in its scheduler_config.json. Leave timesteps out`
        : `Expected timesteps below ${train}, the model's, got ${own[0]!}`;
    throw levelsError(field, message);
  }
  return { ...none, [key]: sigmas ?? own };
};

const SPACINGS = [...Object.keys(SIGMA_FIELDS), 'use_lu_lambdas'];

/** Names what was written: a scheduler by another program's name, or else the model's own configuration. */
const spacingError = ({ name, label }: SchedulerConfig, spacing: string): RefineError =>
  levelsError(
    'timesteps',
    label === undefined
      ? `Expected no timesteps with ${name} and ${spacing} of scheduler_config.json, which places the sigmas. Choose another scheduler, or leave timesteps out`
      : `Expected no timesteps with the scheduler "${label}", which places the sigmas itself. Choose one without such a spacing, such as "${label.replace(/ (Karras|Exponential|Beta)$/, '')}", or leave timesteps out`,
  );

const levelsError = (field: string, message: string): RefineError =>
  new RefineError('ROW_FIELD_INVALID', `${message}.`, { context: { field } });
