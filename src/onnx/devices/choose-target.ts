/** Chooses the device for a model. Every device but the CPU is probed first, in a process of its own. */
import { platform } from 'node:os';
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
import { searchHere } from '../libraries/library-search.js';
import { probeDevice, type ProbeOptions } from './probe.js';
import { isSlower, type ProbeResult } from './probe-result.js';
import { missingCudaLibraries, findMissingLibrary, type MissingLibrary } from './missing-libraries.js';
import type { DeviceRequest, PrecisionRequest } from './device-request.js';

/** A device that `auto` did not choose. */
export interface RejectedDevice {
  device: string;
  reason: string;
  /** It was probed; else a library that it needs is missing. */
  tried: boolean;
  /** What would make it work, where its hardware is here. */
  remedy?: string;
}

export interface TargetChoice {
  target: Target;
  rejected: RejectedDevice[];
}

/**
 * Families that `auto` probes, fastest first, by platform. CoreML is left out: it compiles the model for minutes at every start
 * (onnxruntime issue 20897), and macOS has WebGPU too.
 */
export const PREFERRED: Readonly<Record<string, readonly DeviceFamily[]>> = {
  linux: ['cuda', 'webgpu'],
  win32: ['dml', 'webgpu'],
  darwin: ['webgpu'],
};

/** A software GPU (SwiftShader) is 80 to 200 times slower than the CPU. A real GPU is slower at its first call only. */
const SLOWER_THAN_CPU = 4;

/**
 * @throws DEVICE_UNAVAILABLE: what is missing, and how to install it
 * @throws USAGE_CONFLICT for fp16 on the CPU by name, and int8 on any other device
 */
export const chooseTarget = async (
  device: DeviceRequest,
  precision: PrecisionRequest,
  options: ProbeOptions = {},
): Promise<TargetChoice> => {
  if (device === 'auto' && precision !== 'int8') return chooseBest(precision, options);
  if (device === 'auto' || device === 'cpu' || device.family === 'cpu')
    return { target: onCpu(precision), rejected: [] };
  if (precision === 'int8') {
    const message = `Expected --precision to be auto, fp32 or fp16 on ${deviceName(device)}, got int8, which runs on the CPU only.`;
    throw new RefineError('USAGE_CONFLICT', message);
  }
  const missing = await missingFor(device);
  if (missing !== null) throw unavailable(device, missing.reason, missing.remedy);
  const { target, attempts } = await probeDevice(device, precisionsOf(precision), options);
  if (target === null) throw unavailable(device, problemOf(attempts), await remedyOf(device, precision));
  return { target, rejected: [] };
};

const chooseBest = async (precision: PrecisionRequest, options: ProbeOptions): Promise<TargetChoice> => {
  const rejected: RejectedDevice[] = [];
  for (const family of PREFERRED[platform()] ?? []) {
    const device = { family, index: 0 };
    const missing = await missingFor(device);
    if (missing !== null) {
      rejected.push({ device: family, reason: missing.reason, tried: false, ...hintOf(missing) });
      continue;
    }
    const result = await probeDevice(device, precisionsOf(precision), { ...options, slowest: SLOWER_THAN_CPU });
    const reason = rejectionReason(result);
    if (reason === null && result.target !== null) return { target: result.target, rejected };
    /* A Vulkan driver without a card, as servers have: nothing was found that could be skipped. */
    const hasCard = reason?.endsWith(NO_ADAPTER) !== true;
    rejected.push({ device: family, reason: reason ?? '', tried: hasCard });
  }
  if (precision === 'fp16') throw noneForHalf(rejected);
  return { target: onCpu(precision), rejected };
};

/** Where the user asked for float16 and not for a device. */
export const noneForHalf = (rejected: readonly RejectedDevice[]): RefineError => {
  const reasons = rejected.map(
    ({ device, reason, remedy }) => `${device}: ${reason}${remedy === undefined ? '' : `. ${remedy}`}`,
  );
  return new RefineError(
    'DEVICE_UNAVAILABLE',
    `Expected a device that computes in float16, found none (${reasons.join('; ') || 'this system has none'}). ` +
      'Leave --precision out to use the CPU.',
  );
};

const hintOf = ({ remedy, isHardwareHere }: MissingLibrary): Pick<RejectedDevice, 'remedy'> =>
  isHardwareHere === true && remedy !== null ? { remedy } : {};

/** @throws USAGE_CONFLICT for fp16 */
export const onCpu = (precision: PrecisionRequest): Target => {
  if (precision === 'int8' || precision === 'auto with int8') return { ...CPU, precision: 'int8' };
  if (precision !== 'fp16') return CPU;
  const message =
    'Expected --precision to be auto, fp32 or int8 on the CPU, got fp16: the CPU computes in float32, whatever the weights are stored in.';
  throw new RefineError('USAGE_CONFLICT', message);
};

const precisionsOf = (precision: PrecisionRequest): readonly Precision[] =>
  precision === 'auto' || precision === 'auto with int8' ? ['fp16', 'fp32'] : [precision];

/** Why `auto` skips a device; null: it takes it. */
export const rejectionReason = ({ target, attempts, speed }: ProbeResult): string | null => {
  const isTooSlow = speed !== null && isSlower(speed, SLOWER_THAN_CPU);
  if (!isTooSlow) return target === null ? problemOf(attempts) : null;
  return `it is slower than the CPU (${speed.device_ms.toFixed(0)} ms against ${speed.cpu_ms.toFixed(0)} ms for the same matrix multiplications)`;
};

/** The problem of the last attempt, which uses standard operators only: what fails there is the device, not a kernel. */
export const problemOf = (attempts: ProbeResult['attempts']): string => {
  const problem = attempts.at(-1)?.problem?.trim().replaceAll(/\s+/g, ' ') ?? 'it was not probed';
  return DEVICE_FAILURE.exec(problem)?.[0].trim() ?? problem;
};

/** The words of CUDA or WebGPU, out of a message that has ONNX Runtime’s own functions around them. */
const DEVICE_FAILURE = /\bCU[A-Z]+ failure \d+: [^;]+|Failed to get a WebGPU adapter: .+/;
const NO_ADAPTER = 'No supported adapters';

export const missingFor = ({ family }: Pick<Device, 'family'>): Promise<MissingLibrary | null> =>
  findMissingLibrary(family, searchHere(env));

const remedyOf = async (device: Device, precision: PrecisionRequest): Promise<string> => {
  const missing = device.family === 'cuda' ? await missingCudaLibraries(searchHere(env)) : null;
  if (missing !== null) return `Probably ${missing.reason}. ${missing.remedy ?? ''}`;
  if (precision === 'fp16') return 'Leave --precision out: float32 may work there';
  if (device.family === 'cuda' && device.index > 0) return '"nvidia-smi -L" lists the devices of this machine';
  return '"sdxl-refine doctor" reports every attempt';
};

const unavailable = (device: Device, reason: string, remedy: string | null): RefineError => {
  const name = deviceName(device);
  const mend = remedy ?? 'Leave --device out, or give cpu';
  return new RefineError('DEVICE_UNAVAILABLE', `The device ${name} cannot be used: ${reason}. ${mend}.`, {
    context: { device: name },
  });
};
