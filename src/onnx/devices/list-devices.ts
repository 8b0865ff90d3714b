/** The devices of this machine, which of them `auto` takes, and why not the others. */
import { availableParallelism, cpus, platform } from 'node:os';
import { deviceName, type Device, type DeviceFamily, type Precision } from '../graph/operators/target.js';
import { whyNoCode, type Gpu } from '../libraries/nvidia-driver.js';
import { chooseTarget, missingFor, PREFERRED, type TargetChoice } from './choose-target.js';
import { listCudaDevices } from './cuda-devices.js';
import type { ProbeOptions } from './probe.js';

export interface ListedDevice {
  /** For `--device`. */
  device: string;
  /** Of the hardware; null: unknown. */
  name: string | null;
  /** `auto` takes it. */
  chosen: boolean;
  /** That it would compute with; null: it was not tried, or does not work. */
  precision: Precision | null;
  /** Why `auto` does not take it; null: it does. */
  reason: string | null;
  /** What would make it work; null: nothing is known. */
  remedy: string | null;
  memory_bytes?: number;
  compute_capability?: string;
  driver?: string;
}

/** @throws the signal's reason */
export const listDevices = async (options: ProbeOptions): Promise<ListedDevice[]> => {
  const choice = await chooseTarget('auto', 'auto', options);
  const families: DeviceFamily[] = [
    ...(PREFERRED[platform()] ?? []),
    ...(platform() === 'darwin' ? ['coreml' as const] : []),
  ];
  const listed: ListedDevice[] = [];
  for (const family of families) {
    const gpus = family === 'cuda' ? await listCudaDevices() : [];
    const cards = gpus.length === 0 ? [undefined] : gpus;
    for (const [index, gpu] of cards.entries()) listed.push(await describe({ family, index }, gpu, choice));
  }
  const isCpu = choice.target.family === 'cpu';
  return [
    ...listed,
    {
      device: 'cpu',
      name: cpuName(),
      chosen: isCpu,
      precision: 'fp32',
      reason: isCpu ? null : `auto takes ${deviceName(choice.target)} before it`,
      remedy: null,
    },
  ];
};

const cpuName = (): string => {
  const cores = availableParallelism();
  return `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cores} ${cores === 1 ? 'core' : 'cores'}`;
};

const describe = async (
  device: Device,
  gpu: Gpu | undefined,
  { target, rejected }: TargetChoice,
): Promise<ListedDevice> => {
  const chosen = target.family === device.family && target.index === device.index;
  const known = {
    device: deviceName(device),
    name: gpu?.name ?? null,
    chosen,
    precision: chosen ? target.precision : null,
    ...(gpu === undefined ? {} : { driver: gpu.driver }),
    ...(gpu?.memoryBytes == null ? {} : { memory_bytes: gpu.memoryBytes }),
    ...(gpu?.computeCapability == null ? {} : { compute_capability: gpu.computeCapability }),
  };
  if (chosen) return { ...known, reason: null, remedy: null };
  const missing = await missingFor(device);
  if (missing !== null) return { ...known, ...missingOf(missing) };
  const noCode = gpu === undefined ? null : whyNoCode(gpu);
  return { ...known, reason: noCode ?? whyNotTaken(device, { target, rejected }), remedy: null };
};

/** Why `auto` does not take a device that it could: of a family it tries the first card only. */
export const whyNotTaken = (device: Device, { target, rejected }: TargetChoice): string => {
  const tried = device.index > 0 ? undefined : rejected.find(({ device: name }) => name === device.family)?.reason;
  return tried ?? untried(device, target.family);
};

const missingOf = ({
  reason,
  remedy,
}: {
  reason: string;
  remedy: string | null;
}): Pick<ListedDevice, 'reason' | 'remedy'> => ({
  reason,
  remedy,
});

const untried = ({ family, index }: Device, taken: DeviceFamily): string => {
  if (family === 'coreml') return 'auto never takes it: it compiles the model again at every start';
  if (family === taken && index > 0) return 'auto takes the first';
  if (index > 0) return `auto tries the first card only: give --device ${family}:${index}`;
  return `auto takes ${taken} before it`;
};
