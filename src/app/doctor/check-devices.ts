/** Tests each device that this machine may have, as `--device auto` does. */
import { missingFor, problemOf } from '../../onnx/devices/choose-target.js';
import { probeDevice, type ProbeOptions } from '../../onnx/devices/probe.js';
import { DEVICE_FAMILIES, deviceName, type DeviceFamily } from '../../onnx/graph/operators/target.js';
import type { RuntimeInfo } from '../../onnx/runtime/backends.js';
import type { DeviceReport } from './report.js';

/** @param runtime of the engine; device families that it was not built for are skipped */
export const describeDevices = async ({ backends }: RuntimeInfo, options: ProbeOptions): Promise<DeviceReport[]> => {
  const known = new Set(backends.map(({ name }) => name));
  const families = DEVICE_FAMILIES.filter((family) => family !== 'cpu' && known.has(family));
  const reports: DeviceReport[] = [];
  /* One after the other, because their times are compared with the CPU's. */
  for (const family of families) reports.push(await describe(family, options));
  return reports;
};

const describe = async (family: DeviceFamily, options: ProbeOptions): Promise<DeviceReport> => {
  const device = { family, index: 0 };
  const lack = await missingFor(device);
  const broken = { name: deviceName(device), works: false, precision: null, self_test: null };
  if (lack !== null) return { ...broken, reason: lack.reason };
  const { target, attempts, speed } = await probeDevice(device, ['fp16', 'fp32'], { ...options, slowest: Infinity });
  const tried = attempts.map(({ target: { precision, fusion }, problem, result }) => ({
    precision,
    fusion,
    max_error: result?.max_error ?? null,
    problem: problem?.trim() ?? null,
  }));
  if (target === null) return { ...broken, reason: problemOf(attempts), tried };
  const { precision } = target;
  const result = attempts.at(-1)?.result ?? null;
  return {
    ...broken,
    works: true,
    precision,
    self_test: result,
    reason: null,
    tried,
    ...(speed === null ? {} : { speed }),
  };
};
