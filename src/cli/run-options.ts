/** Options of a run that are not row keys, from the command line's words. */
import { RefineError } from '../errors.js';

/** A device this version has; `auto` takes the best of them. */
export const parseDevice = (text: string): 'cpu' => {
  if (text === 'auto' || text === 'cpu') return 'cpu';
  const known = /^(cuda(:\d+)?|webgpu|dml|coreml)$/.test(text);
  throw new RefineError(
    known ? 'DEVICE_UNAVAILABLE' : 'USAGE_OPTION_INVALID',
    known
      ? `The device ${text} is not in this version, which runs on the CPU. Leave --device out, or give cpu.`
      : `Expected --device to be auto or cpu, got "${text}".`,
  );
};

export const parsePrecision = (text: string): 'fp32' => {
  if (text === 'auto' || text === 'fp32') return 'fp32';
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected --precision to be auto or fp32, got "${text}". This version computes in float32, whatever the weights are stored in.`,
  );
};

/** @param least the smallest value allowed */
export const parseWhole = (flag: string, text: string, least: number): number => {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new RefineError('USAGE_OPTION_INVALID', `Expected ${flag} to be a whole number from ${least}, got "${text}".`);
};
