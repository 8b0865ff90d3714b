/**
 * Timestep spacing: the training timesteps of a run of N steps.
 * Lin et al. 2023, arXiv:2305.08891, table 2; as diffusers 0.42 rounds it (schedulers/scheduling_euler_discrete.py,
 * `set_timesteps`).
 */
import { RefineError } from '../../../errors.js';
import { type ConfigOf, numbers, oneOf, optional, wholeNumber } from '../config-fields.js';
import { linspace, roundHalfEven } from './numpy-ranges.js';

export const TIMESTEP_FIELDS = {
  timestep_spacing: oneOf(['linspace', 'leading', 'trailing'], 'linspace'),
  /** Added to each timestep; only under leading spacing. */
  steps_offset: wholeNumber(0, 0),
};
/** Keys of a run's custom levels, which `buildSchedule` adds; no configuration file has them. */
export const CUSTOM_TIMESTEPS = '_timesteps';
export const CUSTOM_SIGMAS = '_sigmas';
/** Field of schedulers whose `set_timesteps` has `timesteps` in diffusers 0.42. */
export const CUSTOM_TIMESTEP_FIELDS = { [CUSTOM_TIMESTEPS]: optional(numbers) };
/** Field of schedulers whose `set_timesteps` has `sigmas`. */
export const CUSTOM_SIGMA_FIELDS = { [CUSTOM_SIGMAS]: optional(numbers) };

export type TimestepConfig = ConfigOf<typeof TIMESTEP_FIELDS> &
  Partial<ConfigOf<typeof CUSTOM_TIMESTEP_FIELDS>> & { readonly num_train_timesteps: number };

/**
 * Timesteps, noisiest first; integers, except with linspace.
 * @throws ROW_FIELD_INVALID for more steps than leading spacing has timesteps
 */
export const spaceTimesteps = (config: TimestepConfig, steps: number): number[] => {
  const { num_train_timesteps: train, timestep_spacing: spacing, steps_offset: offset } = config;
  const custom = config[CUSTOM_TIMESTEPS] ?? null;
  if (custom !== null) return [...custom];
  switch (spacing) {
    case 'linspace':
      return linspace(0, train - 1, steps).reverse();
    case 'leading':
      return leading(train, steps).map((timestep) => timestep + offset);
    case 'trailing':
      return trailing(train, steps);
  }
};

const leading = (train: number, steps: number): number[] => {
  const stride = Math.floor(train / steps);
  if (stride === 0) {
    throw new RefineError(
      'ROW_FIELD_INVALID',
      `Expected steps of at most ${train} for this scheduler's leading timesteps, found ${steps}. Ask for fewer steps.`,
      { context: { field: 'steps', value: steps } },
    );
  }
  return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride);
};

/** `numpy.arange(train, 0, -train / steps)`, rounded, minus 1, with numpy's float64 length and spacing. */
const trailing = (train: number, steps: number): number[] => {
  const stride = train / steps;
  const spacing = train - stride - train;
  return Array.from({ length: Math.ceil(train / stride) }, (_, i) => roundHalfEven(train + i * spacing) - 1);
};
