/** Creates a run's engine, or one for each of its devices. */
import type { DeviceRequest } from '../../onnx/devices/device-request.js';
import { Engine, type JobRunner } from './engine.js';
import { EnginePool } from './engine-pool.js';
import type { EngineOptions } from './protocol.js';

export interface RunnerOptions extends Omit<EngineOptions, 'device'> {
  /** One or more; a device named twice gets two engines. */
  devices: readonly DeviceRequest[];
}

export const createRunner = ({ devices, ...options }: RunnerOptions): JobRunner => {
  const [first = 'auto', ...more] = devices;
  if (more.length === 0) return new Engine({ ...options, device: first });
  return new EnginePool(devices.map((device) => new Engine({ ...options, device })));
};
