/** The values of `--device` and `--precision`. */
import { DEVICE_FAMILIES, type Device, type Precision } from '../graph/operators/target.js';

/** `auto`: the fastest device that passes its self-test. */
export type DeviceRequest = 'auto' | 'cpu' | Device;
/** `all CUDA`: every one of this machine. */
export type DevicesRequest = readonly DeviceRequest[] | 'all CUDA';
/** `auto`: half precision on a GPU, float32 on the CPU. `int8`: CPU only. `auto with int8`: half precision on a GPU, int8 on the CPU. */
export type PrecisionRequest = 'auto' | 'auto with int8' | Precision;

const MOST_DEVICES = 64;

/**
 * @param text `auto`, a family, `cuda:1`, `cuda:all`, or several devices with commas between; one may be named twice
 * @returns null for any other text
 */
export const parseDevicesRequest = (text: string): DevicesRequest | null => {
  if (text === 'cuda:all') return 'all CUDA';
  const names = text.split(',');
  const devices = names.map((name) => parseDeviceRequest(name.trim()));
  const isOne = devices.length === 1;
  if (devices.length > MOST_DEVICES || !devices.every((device) => device !== null)) return null;
  return isOne || !devices.includes('auto') ? devices : null;
};

const parseDeviceRequest = (text: string): DeviceRequest | null => {
  if (text === 'auto' || text === 'cpu') return text;
  const [, name, number] = /^(\w+?)(?::(\d{1,3}))?$/.exec(text) ?? [];
  const family = DEVICE_FAMILIES.find((known) => known === name);
  if (family === undefined || (number !== undefined && family !== 'cuda')) return null;
  return { family, index: Number(number ?? 0) };
};
