/** Options of a run that are not row keys, from the command line's words. */
import { parseDeviceRequest, type DeviceRequest, type PrecisionRequest } from '../../../onnx/devices/device-request.js';
import { RefineError } from '../../../errors.js';
import type { VaeTiling } from '../../../records/model-options.js';
import { PRECISIONS, VAE_TILINGS } from './option-choices.js';

export const parseDevice = (text: string): DeviceRequest => {
  const device = parseDeviceRequest(text);
  if (device !== null) return device;
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected --device to be auto, cpu, cuda, cuda:<number>, webgpu, dml or coreml, got "${text}".`,
  );
};

export const parsePrecision = (text: string): PrecisionRequest => {
  const precision = PRECISIONS.find((known) => known === text);
  if (precision !== undefined) return precision;
  throw new RefineError('USAGE_OPTION_INVALID', `Expected --precision to be auto, fp32, fp16 or int8, got "${text}".`);
};

export const parseVaeTiling = (text: string): VaeTiling => parseChoice('--vae-tiling', text, VAE_TILINGS);

/** One of some words. */
export const parseChoice = <Choice extends string>(flag: string, text: string, choices: readonly Choice[]): Choice => {
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new RefineError('USAGE_OPTION_INVALID', `Expected ${flag} to be one of ${choices.join(', ')}, got "${text}".`);
};

/** @param least the smallest value allowed */
export const parseWhole = (flag: string, text: string, least: number): number => {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new RefineError('USAGE_OPTION_INVALID', `Expected ${flag} to be a whole number from ${least}, got "${text}".`);
};
