import { cpSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { env, pid } from 'node:process';
import { CPU, type Target } from '#src/onnx/graph/operators/target.js';
import { Engine } from '#src/run/engine/engine.js';
import type { RefineJob } from '#src/records/job.js';
import { model, workFolder } from '../../../support/batch.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { childrenOf } from '../../../support/processes.js';
import { plainSettings } from '../../../support/settings.js';

const job: RefineJob = {
  input: { kind: 'pixels', pixels: { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64 } },
  settings: { ...plainSettings, steps: 2, strength: 0.5 },
  output: 'pixels',
  bitDepth: 8,
};
const folder = workFolder();
const engine = new Engine({ model, modelName: 'small-refiner', device: 'cpu' });
const { signal } = new AbortController();
let children: readonly number[] = [];

beforeEach(async () => {
  const before = childrenOf(pid);
  await engine.open(signal);
  children = childrenOf(pid).filter((child) => !before.includes(child));
});
afterEach(() => {
  engine.close();
});

itOnLinux('a child that died unnoticed before a job is replaced', async () => {
  for (const child of children) process.kill(child, 'SIGKILL');
  await expect(engine.refine(job, { signal })).resolves.toMatchObject({ stepsRun: 1, width: 64, height: 64 });
});

itOnLinux('a child that dies in a job fails it, and the next job finds another', async () => {
  const refining = engine.refine(
    { ...job, settings: { ...plainSettings, steps: 1000, strength: 1 } },
    {
      signal,
      onStep: () => {
        for (const child of children) process.kill(child, 'SIGKILL');
        children = [];
      },
    },
  );
  await expect(refining).rejects.toMatchObject({ code: 'ENGINE_CRASHED', context: { signal: 'SIGKILL' } });
  await expect(engine.refine(job, { signal })).resolves.toMatchObject({ stepsRun: 1 });
});

it('a model that failed to open is opened again by the next job', async () => {
  const [here, gone] = [join(folder, 'here'), join(folder, 'gone')];
  cpSync(model, here, { recursive: true });
  const other = new Engine({ model: here, modelName: 'small-refiner', device: 'cpu' });
  try {
    await other.open(signal);
    other.close();
    renameSync(here, gone);
    await expect(other.refine(job, { signal })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    renameSync(gone, here);
    await expect(other.refine(job, { signal })).resolves.toMatchObject({ stepsRun: 1 });
  } finally {
    other.close();
  }
});

it('auto with int8 keeps int8 on the CPU where a device cannot hold the model', async () => {
  env['SDXL_REFINE_CACHE'] = join(folder, 'cache');
  const device: Target = { ...CPU, family: 'cuda', precision: 'fp16' };
  const other = new Engine({ model, modelName: 'tiny-refiner', device: 'auto', precision: 'auto with int8' }, () =>
    Promise.resolve({ target: device, rejected: [] }),
  );
  try {
    const info = await other.open(signal);
    expect(info).toMatchObject({ device: 'cpu', precision: 'int8', maxCacheDepth: expect.any(Number) as number });
    expect(info.rejected).toMatchObject([{ device: 'cuda', tried: true }]);
  } finally {
    other.close();
    delete env['SDXL_REFINE_CACHE'];
  }
});
