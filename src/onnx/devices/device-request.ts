/** The values of `--device` and `--precision`. */
import { DEVICE_FAMILIES, type Device, type Precision } from '../graph/operators/target.js';

/** `auto`: the fastest device that passes its self-test. */
export type DeviceRequest = 'auto' | 'cpu' | Device;
/** `auto`: half precision on a GPU, float32 on the CPU. `int8`: CPU only. */
export type PrecisionRequest = 'auto' | Precision;

/** @param text `auto`, a family, or `cuda:1` @returns null for any other text */
export const parseDeviceRequest = (text: string): DeviceRequest | null => {
  if (text === 'auto' || text === 'cpu') return text;
  const [, name, number] = /^(\w+?)(?::(\d{1,3}))?$/.exec(text) ?? [];
  const family = DEVICE_FAMILIES.find((known) => known === name);
  if (family === undefined || (number !== undefined && family !== 'cuda')) return null;
  return { family, index: Number(number ?? 0) };
};
