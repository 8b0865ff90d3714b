/** What a user may ask for: `--device` and `--precision`. */
import { DEVICE_FAMILIES, type Device, type Precision } from '../graph/operators/target.js';

/** `auto`: the best that passes its self-test. */
export type DeviceWish = 'auto' | 'cpu' | Device;
/** `auto`: half precision on a GPU, float32 on the CPU. `int8` is the CPU's alone. */
export type PrecisionWish = 'auto' | Precision;

/** @param text `auto`, a family, or `cuda:1` @returns null: none of these */
export const parseDeviceWish = (text: string): DeviceWish | null => {
  if (text === 'auto' || text === 'cpu') return text;
  const [, name, number] = /^(\w+?)(?::(\d{1,3}))?$/.exec(text) ?? [];
  const family = DEVICE_FAMILIES.find((known) => known === name);
  if (family === undefined || (number !== undefined && family !== 'cuda')) return null;
  return { family, index: Number(number ?? 0) };
};
