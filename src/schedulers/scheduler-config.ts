/** A model's `scheduler_config.json`, untrusted, as a typed value. */
import { RefineError } from '../errors.js';
import { type ConfigValues, unsupported } from './config-fields.js';
import { buildSchedule, isSchedulerKey, isSchedulerName, type SchedulerConfig, schedulerNames } from './registry.js';

export type { SchedulerConfig } from './registry.js';

/** Keys of diffusers' schedulers that are not here: models carry them for whoever swaps the scheduler. */
const KEYS_OF_OTHERS: ReadonlySet<string> = new Set([
  'clip_sample',
  'clip_sample_range',
  'set_alpha_to_one',
  'skip_prk_steps',
  'thresholding',
  'dynamic_thresholding_ratio',
  'sample_max_value',
]);

const isKnownKey = (key: string): boolean => key.startsWith('_') || KEYS_OF_OTHERS.has(key) || isSchedulerKey(key);

/**
 * @param json contents of a diffusers `scheduler_config.json`
 * @throws MODEL_CONFIG_INVALID when it is not one
 * @throws MODEL_CONFIG_UNSUPPORTED naming the key and value that this version cannot follow
 */
export const parseSchedulerConfig = (json: unknown): SchedulerConfig => {
  const { _class_name: name, ...values } = (typeof json === 'object' && json !== null ? json : {}) as ConfigValues;
  if (typeof name !== 'string') {
    throw new RefineError('MODEL_CONFIG_INVALID', 'Expected a scheduler_config.json with a "_class_name".');
  }
  if (!isSchedulerName(name)) throw unsupported('_class_name', name, `expected ${schedulerNames.join(' or ')}`);
  const stranger = Object.keys(values).find((key) => !isKnownKey(key));
  if (stranger !== undefined) throw unsupported(stranger, values[stranger], 'this version does not know the key');
  const config = { name, values };
  buildSchedule(config, 1);
  return config;
};
