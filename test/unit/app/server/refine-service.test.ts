import { cpSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '#src/run/engine/engine.js';
import type { EngineJob } from '#src/records/job.js';
import { RefineService } from '#src/app/server/refine-service.js';
import { model, workFolder } from '../../../support/batch.js';
import { waitFor } from '../../../support/processes.js';
import { plainSettings } from '../../../support/settings.js';

const folder = workFolder();
const job: EngineJob = {
  input: { kind: 'pixels', pixels: { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64 } },
  settings: { ...plainSettings, steps: 1000, strength: 1 },
  output: 'pixels',
  bitDepth: 8,
};

it('is not ready while its model cannot be opened again, and is once it can', async () => {
  const [here, gone] = [join(folder, 'here'), join(folder, 'gone')];
  cpSync(model, here, { recursive: true });
  const engine = new Engine({ model: here, modelName: 'small-refiner', device: 'cpu' });
  const troubles: unknown[] = [];
  const service = new RefineService({ engine, places: 1, onTrouble: (trouble) => troubles.push(trouble) });
  try {
    await service.warmUp();
    expect(service.isReady).toBe(true);
    engine.close();
    renameSync(here, gone);
    await expect(service.warmUp()).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(service.isReady).toBe(false);
    await waitFor('another try', () => troubles.length > 0);
    expect(troubles[0]).toMatchObject({ code: 'MODEL_NOT_FOUND' });
    renameSync(gone, here);
    await waitFor('readiness', () => service.isReady);
  } finally {
    service.close();
  }
});

it('stays ready when a client leaves', async () => {
  const engine = new Engine({ model, modelName: 'small-refiner', device: 'cpu' });
  const service = new RefineService({ engine, places: 1 });
  try {
    await service.warmUp();
    const client = new AbortController();
    const left = new Error('left');
    const refining = service.refine(() => Promise.resolve(job), {
      signal: client.signal,
      onStep: () => {
        client.abort(left);
      },
    });
    await expect(refining).rejects.toBe(left);
    expect(service.isReady).toBe(true);
  } finally {
    service.close();
  }
});
