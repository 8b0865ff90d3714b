/** `--speed`: presets that compute less for nearly the same picture. What a row, an option or a picture's metadata says wins. */
import type { PrecisionRequest } from '../../../onnx/devices/device-request.js';
import type { MemoryUse } from '../../../records/model-options.js';
import type { RowValues } from '../../../run/manifest/rows/row-keys.js';
import { memoryUse, type CacheWeightsFlags } from './cache-weights.js';
import { SPEEDS } from './option-choices.js';
import { parseChoice, parsePrecision } from './run-options.js';

export type Speed = (typeof SPEEDS)[number];

export interface SpeedFlags extends CacheWeightsFlags {
  speed: string;
  precision: string;
}

/** Settings of a refiner, which runs the end of the schedule, and of a base model, which runs all of it. */
interface SpeedPreset {
  refiner: RowValues;
  base: RowValues;
  /** On the CPU: int8, with cached weights. GPUs have half precision anyway. */
  isInt8: boolean;
}

/** From noise a second-order method needs fewer steps. */
const BASE_SCHEDULER = 'DPM++ 2M Karras';

/** Measured against others in docs/speed.md. The refiner keeps its scheduler: at its low noise levels Euler's method is nearer. */
export const SPEED_PRESETS: Readonly<Record<Speed, SpeedPreset>> = {
  exact: { refiner: {}, base: {}, isInt8: false },
  balanced: {
    refiner: { steps: 27, cache_interval: 2 },
    base: { scheduler: BASE_SCHEDULER, steps: 20 },
    isInt8: false,
  },
  fast: {
    refiner: { steps: 27, cache_interval: 4 },
    base: { scheduler: BASE_SCHEDULER, steps: 25, cache_interval: 2 },
    isInt8: true,
  },
};

/** @throws USAGE_OPTION_INVALID */
export const parseSpeed = ({ speed }: Pick<SpeedFlags, 'speed'>): Speed => parseChoice('--speed', speed, SPEEDS);

const presetOf = (flags: Pick<SpeedFlags, 'speed'>): SpeedPreset => SPEED_PRESETS[parseSpeed(flags)];

/**
 * A model's defaults, and over them the preset's settings. A model's own levels are for its own scheduler: they go with it.
 * @throws USAGE_OPTION_INVALID
 */
export const withSpeed = (
  flags: Pick<SpeedFlags, 'speed'>,
  model: 'refiner' | 'base',
  { timesteps, sigmas, ...modelDefaults }: RowValues,
): RowValues => {
  const preset = presetOf(flags)[model];
  const levels = {
    ...(timesteps === undefined ? {} : { timesteps }),
    ...(sigmas === undefined ? {} : { sigmas }),
  };
  return { ...modelDefaults, ...(preset.scheduler === undefined ? levels : {}), ...preset };
};

/** Precision and memory of the engine. @throws USAGE_OPTION_INVALID */
export const engineSpeed = (flags: SpeedFlags): { precision: PrecisionRequest; memory: MemoryUse } => {
  const { isInt8 } = presetOf(flags);
  const precision = parsePrecision(flags.precision);
  return {
    precision: isInt8 && precision === 'auto' ? 'auto with int8' : precision,
    memory: isInt8 && flags.cacheWeights === undefined ? 'cached' : memoryUse(flags),
  };
};
