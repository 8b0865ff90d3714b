/** The schedulers by diffusers' class names: from a model's configuration, and a row's wish, to a schedule. */
import { messageOf, RefineError } from '../errors.js';
import { type ConfigOf, type ConfigValues, type Fields, readFields } from './config-fields.js';
import { buildEuler, EULER_FIELDS } from './euler.js';
import type { Schedule, UnnamedSchedule } from './scheduler.js';

interface Definition {
  readonly fields: Fields;
  build(values: ConfigValues, steps: number): UnnamedSchedule;
}

const define = <F extends Fields>(
  fields: F,
  build: (config: ConfigOf<F>, steps: number) => UnnamedSchedule,
): Definition => ({ fields, build: (values, steps) => build(readFields(fields, values), steps) });

const SCHEDULERS = {
  EulerDiscreteScheduler: define(EULER_FIELDS, buildEuler),
} as const satisfies Record<string, Definition>;

export type SchedulerName = keyof typeof SCHEDULERS;
export const schedulerNames = Object.keys(SCHEDULERS) as readonly SchedulerName[];
export const isSchedulerName = (name: string): name is SchedulerName => Object.hasOwn(SCHEDULERS, name);

/** A model's scheduler: every value that its file has, whether this class reads it or only another one would. */
export interface SchedulerConfig {
  readonly name: SchedulerName;
  readonly values: ConfigValues;
}

/** Whether any class here reads the key. */
export const isSchedulerKey = (key: string): boolean =>
  Object.values(SCHEDULERS).some(({ fields }: Definition) => Object.hasOwn(fields, key));

/**
 * The model's own scheduler, or another class with the model's values, as diffusers' `from_config` makes it.
 * @throws ROW_FIELD_INVALID when there is no such scheduler, or it cannot take this model's values
 */
export const configFor = (name: string | null, model: SchedulerConfig): SchedulerConfig => {
  if (name === null || name === model.name) return model;
  const context = { field: 'scheduler', value: name };
  if (!isSchedulerName(name)) {
    const message = `Expected a scheduler of ${schedulerNames.join(', ')}, found ${JSON.stringify(name)}.`;
    throw new RefineError('ROW_FIELD_INVALID', message, { context });
  }
  const config = { name, values: model.values };
  try {
    buildSchedule(config, 1);
  } catch (cause) {
    const message = `${name} cannot run this model. ${messageOf(cause)}`;
    throw new RefineError('ROW_FIELD_INVALID', message, { context, cause });
  }
  return config;
};

/**
 * @param steps at least 1: the length of the whole schedule, of which `stepRange` says what runs
 * @throws ROW_FIELD_INVALID when the scheduler cannot make so many steps
 */
export const buildSchedule = ({ name, values }: SchedulerConfig, steps: number): Schedule => {
  const definition: Definition = SCHEDULERS[name];
  return { name, ...definition.build(values, steps) };
};
