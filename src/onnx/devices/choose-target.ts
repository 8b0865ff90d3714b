/** From what the user asks for to what a model is opened on. Whatever is not the CPU is tried first, in a process of its own. */
import { arch, platform } from 'node:os';
import { env } from 'node:process';
import { RefineError } from '../../errors.js';
import {
  CPU,
  deviceName,
  type Device,
  type DeviceFamily,
  type Precision,
  type Target,
} from '../graph/operators/target.js';
import { libraryFolder } from '../runtime/library-folder.js';
import { tryDevice, type ProbeOptions } from './probe.js';
import { isSlower, type DeviceTrial } from './probe-result.js';
import type { CudaPlaces } from './cuda-libraries.js';
import { missingCuda, whatIsMissing, type Lack } from './missing-libraries.js';
import type { DeviceWish, PrecisionWish } from './device-request.js';

/** Why a device was not taken. */
export interface TurnedDown {
  device: string;
  reason: string;
  /** It was tried; else what it needs is not here. */
  tried: boolean;
}

export interface Choice {
  target: Target;
  turnedDown: TurnedDown[];
}

/**
 * What `auto` looks for, best first. CoreML is not among them: it compiles the model anew at every start, for minutes
 * (onnxruntime issue 20897), and WebGPU is there beside it.
 */
const PREFERRED: Readonly<Record<string, readonly DeviceFamily[]>> = {
  linux: ['cuda', 'webgpu'],
  win32: ['dml', 'webgpu'],
  darwin: ['webgpu'],
};

/** Software that plays a GPU (SwiftShader) is 80 to 200 times slower than the CPU; a GPU is not slower but for its first call. */
const SLOWER_THAN_CPU = 4;

/**
 * @throws DEVICE_UNAVAILABLE: what is missing, and how to get it
 * @throws USAGE_CONFLICT: the CPU in half precision, another device in whole numbers
 */
export const chooseTarget = async (
  device: DeviceWish,
  precision: PrecisionWish,
  options: ProbeOptions = {},
): Promise<Choice> => {
  if (device === 'auto' && precision !== 'int8') return chooseBest(precision, options);
  if (device === 'auto' || device === 'cpu' || device.family === 'cpu')
    return { target: onCpu(precision), turnedDown: [] };
  if (precision === 'int8') {
    const message = `Expected --precision to be auto, fp32 or fp16 on ${deviceName(device)}, got int8, which the CPU alone has.`;
    throw new RefineError('USAGE_CONFLICT', message);
  }
  const lack = await lackOf(device);
  if (lack !== null) throw unavailable(device, lack.reason, lack.remedy);
  const { target, attempts } = await tryDevice(device, precisionsOf(precision), options);
  if (target === null) throw unavailable(device, problemOf(attempts), await remedyOf(device, precision));
  return { target, turnedDown: [] };
};

const chooseBest = async (precision: PrecisionWish, options: ProbeOptions): Promise<Choice> => {
  const turnedDown: TurnedDown[] = [];
  for (const family of PREFERRED[platform()] ?? []) {
    const device = { family, index: 0 };
    const lack = await lackOf(device);
    if (lack !== null) {
      turnedDown.push({ device: family, reason: lack.reason, tried: false });
      continue;
    }
    const trial = await tryDevice(device, precisionsOf(precision), { ...options, slowest: SLOWER_THAN_CPU });
    const reason = reasonAgainst(trial);
    if (reason === null && trial.target !== null) return { target: trial.target, turnedDown };
    turnedDown.push({ device: family, reason: reason ?? '', tried: true });
  }
  return { target: onCpu(precision), turnedDown };
};

const onCpu = (precision: PrecisionWish): Target => {
  if (precision === 'int8') return { ...CPU, precision };
  if (precision !== 'fp16') return CPU;
  const message =
    'Expected --precision to be auto, fp32 or int8 on the CPU, got fp16: the CPU computes in float32, whatever the weights are stored in.';
  throw new RefineError('USAGE_CONFLICT', message);
};

const precisionsOf = (precision: PrecisionWish): readonly Precision[] =>
  precision === 'auto' ? ['fp16', 'fp32'] : [precision];

/** Why `auto` passes a device by; null: it takes it. */
export const reasonAgainst = ({ target, attempts, speed }: DeviceTrial): string | null => {
  const isTooSlow = speed !== null && isSlower(speed, SLOWER_THAN_CPU);
  if (!isTooSlow) return target === null ? problemOf(attempts) : null;
  return `it is slower than the CPU (${speed.device_ms.toFixed(0)} ms against ${speed.cpu_ms.toFixed(0)} ms for the same products)`;
};

/** The last attempt is the plainest: what fails there is the device, not a kernel. */
export const problemOf = (attempts: DeviceTrial['attempts']): string =>
  attempts.at(-1)?.problem?.trim().replaceAll(/\s+/g, ' ') ?? 'it was not tried';

export const lackOf = ({ family }: Pick<Device, 'family'>): Promise<Lack | null> => whatIsMissing(family, here());

const here = (): CudaPlaces => ({ env, libraryFolder: libraryFolder(), platform: platform(), arch: arch() });

const remedyOf = async (device: Device, precision: PrecisionWish): Promise<string> => {
  const lack = device.family === 'cuda' ? await missingCuda(here()) : null;
  if (lack !== null) return `Probably ${lack.reason}. ${lack.remedy ?? ''}`;
  if (precision === 'fp16') return 'Leave --precision out: float32 may work there';
  if (device.family === 'cuda' && device.index > 0) return '"nvidia-smi -L" lists the devices that are there';
  return '"sdxl-refine doctor" says what was tried';
};

const unavailable = (device: Device, reason: string, remedy: string | null): RefineError => {
  const name = deviceName(device);
  const mend = remedy ?? 'Leave --device out, or give cpu';
  return new RefineError('DEVICE_UNAVAILABLE', `The device ${name} cannot be used: ${reason}. ${mend}.`, {
    context: { device: name },
  });
};
