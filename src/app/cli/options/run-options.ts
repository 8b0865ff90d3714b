/** Parses options of a run that are not row keys. */
import { resolveDevices } from '../../../onnx/devices/cuda-devices.js';
import {
  parseDevicesRequest,
  type DeviceRequest,
  type PrecisionRequest,
} from '../../../onnx/devices/device-request.js';
import { RefineError } from '../../../errors.js';
import type { BatchSize } from '../../../run/engine/protocol.js';
import type { VaeTiling } from '../../../records/model-options.js';
import { PRECISIONS, VAE_TILINGS } from './option-choices.js';

/** @throws USAGE_OPTION_INVALID DEVICE_UNAVAILABLE */
export const parseDevices = async (text: string): Promise<readonly DeviceRequest[]> => {
  const request = parseDevicesRequest(text);
  if (request !== null) return resolveDevices(request);
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected --device to be auto, or one or more of cpu, cuda, cuda:<number>, cuda:all, webgpu, dml and coreml with commas between, got "${text}".`,
  );
};

/** Pictures at a time on each device. */
export const parseBatchSize = (text: string): BatchSize => {
  const size = Number(text);
  if (text === 'auto') return text;
  if (/^\d+$/.test(text) && size >= 1 && size <= MAX_BATCH_SIZE) return size;
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected --batch-size to be auto or a number from 1 to ${MAX_BATCH_SIZE}, got "${text}".`,
  );
};

const MAX_BATCH_SIZE = 64;

export const parsePrecision = (text: string): PrecisionRequest => {
  const precision = PRECISIONS.find((known) => known === text);
  if (precision !== undefined) return precision;
  throw new RefineError('USAGE_OPTION_INVALID', `Expected --precision to be auto, fp32, fp16 or int8, got "${text}".`);
};

export const parseVaeTiling = (text: string): VaeTiling => parseChoice('--vae-tiling', text, VAE_TILINGS);

/** @throws USAGE_OPTION_INVALID for a text that is not a choice */
export const parseChoice = <Choice extends string>(flag: string, text: string, choices: readonly Choice[]): Choice => {
  const choice = choices.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw new RefineError('USAGE_OPTION_INVALID', `Expected ${flag} to be one of ${choices.join(', ')}, got "${text}".`);
};

/** 0: any free port. @throws USAGE_OPTION_INVALID */
export const parsePort = (flag: string, text: string): number => parseWhole(flag, text, 0, 65_535);

/** @param least, most the smallest and largest value allowed @throws USAGE_OPTION_INVALID */
export const parseWhole = (
  flag: string,
  text: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number => {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= least && value <= most) return value;
  const range = most < Number.MAX_SAFE_INTEGER || value > most ? `from ${least} to ${most}` : `from ${least}`;
  throw new RefineError('USAGE_OPTION_INVALID', `Expected ${flag} to be an integer ${range}, got "${text}".`);
};
