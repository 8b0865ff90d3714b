/** Choices of options, for checks and completion. `ROW_KEYS` has those of row settings. */
import type { Residency } from '../../../run/batch/model-residency.js';
import type { PrecisionRequest } from '../../../onnx/devices/device-request.js';
import { DEVICE_FAMILIES } from '../../../onnx/graph/operators/target.js';
import type { GenerateMode, StageInput } from '../../../records/row.js';
import type { VaeTiling } from '../../../records/model-options.js';

/** Without cuda's indices. */
export const DEVICES = ['auto', ...DEVICE_FAMILIES] as const;
export const PRECISIONS = ['auto', 'fp32', 'fp16', 'int8'] as const satisfies readonly PrecisionRequest[];
export const SPEEDS = ['exact', 'balanced', 'fast'] as const;
export const VAE_TILINGS = ['auto', 'on', 'off'] as const satisfies readonly VaeTiling[];
export const MODES = ['base', 'ensemble', 'two-stage'] as const satisfies readonly GenerateMode[];
export const RESIDENT = ['one', 'both', 'auto'] as const satisfies readonly Residency[];
export const STAGE_INPUTS = ['latents', 'picture'] as const satisfies readonly StageInput[];
export const SCREENERS = ['azure', 'local', 'off'] as const;
export const FAIL_MODES = ['closed', 'open'] as const;

/** By the option's name without its dashes. */
export const OPTION_CHOICES: Readonly<Record<string, readonly string[]>> = {
  device: DEVICES,
  precision: PRECISIONS,
  speed: SPEEDS,
  'vae-tiling': VAE_TILINGS,
  mode: MODES,
  resident: RESIDENT,
  'stage-input': STAGE_INPUTS,
  'content-safety': SCREENERS,
  'safety-fail': FAIL_MODES,
};
