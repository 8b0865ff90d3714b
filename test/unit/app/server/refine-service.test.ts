import { cpSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { RefineError, type ErrorCode } from '#src/errors.js';
import { Engine, type JobRunner, type RefineOptions } from '#src/run/engine/engine.js';
import type { EngineInfo } from '#src/run/engine/protocol.js';
import type { EngineJob, RefineReply } from '#src/records/job.js';
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

describe('with engines that do as they are told', () => {
  const info = {
    model: 'm',
    modelDigest: 'd',
    device: 'cuda:0',
    precision: 'fp16',
    rejected: [],
  } as unknown as EngineInfo;
  const reply = { output: { kind: 'pixels' } } as unknown as RefineReply;
  interface TestEngine extends JobRunner {
    /** How each coming job ends; default: well. */
    ends: (() => Promise<RefineReply>)[];
    jobs: { job: EngineJob; options: RefineOptions }[];
    closings: number;
  }
  const engineOf = (changes: Partial<JobRunner> = {}): TestEngine => ({
    reads: [],
    slots: 1,
    ends: [],
    jobs: [],
    closings: 0,
    open: () => Promise.resolve(info),
    refine(asked, options) {
      this.jobs.push({ job: asked, options });
      return this.ends.shift()?.() ?? Promise.resolve(reply);
    },
    close() {
      this.closings++;
    },
    ...changes,
  });
  const fail = (code: ErrorCode) => (): Promise<never> => Promise.reject(new RefineError(code, 'as asked'));
  const { signal } = new AbortController();
  const refine = (service: RefineService): Promise<RefineReply> =>
    service.refine(() => Promise.resolve(job), { signal, onStep: () => undefined });

  it.each(['ENGINE_CRASHED', 'ENGINE_STALLED'] as const)(
    'after %s it tries the model before the next picture',
    async (code) => {
      const engine = engineOf();
      const service = new RefineService({ engine, places: 9 });
      await service.warmUp();
      engine.ends.push(fail(code));
      const [broken, waiting] = [refine(service), refine(service)];
      await expect(broken).rejects.toMatchObject({ code });
      await expect(waiting).resolves.toBe(reply);
      const [, , tried, last] = engine.jobs.map((each) => each.job);
      expect(tried).not.toBe(job);
      expect(last).toBe(job);
      expect(service.isReady).toBe(true);
    },
  );

  it('a model that fails again gets a new process, unless other jobs run in this one', async () => {
    const engine = engineOf({ slots: 2 });
    const service = new RefineService({ engine, places: 9 });
    await service.warmUp();
    let end!: (ended: RefineReply) => void;
    engine.ends.push(() => new Promise((resolve) => (end = resolve)), fail('ENGINE_CRASHED'), fail('SESSION_RUN'));
    const [running, broken] = [refine(service), refine(service)];
    await expect(broken).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    await waitFor('the try to fail', () => engine.jobs.length === 4);
    expect(engine.closings).toBe(0);
    end(reply);
    await running;
    service.close();

    const alone = engineOf();
    const single = new RefineService({ engine: alone, places: 9 });
    await single.warmUp();
    alone.ends.push(fail('ENGINE_CRASHED'), fail('SESSION_RUN'));
    await expect(refine(single)).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    await waitFor('a new process', () => alone.closings === 1);
    single.close();
  });

  it('a picture that its client left has some time to stop', async () => {
    const engine = engineOf();
    const service = new RefineService({ engine, places: 9 });
    for (let picture = 0; picture < 2; picture++) {
      await refine(service);
      for (let step = 1; step <= 4; step++) engine.jobs[0]!.options.onStep?.(step, 4);
    }
    const [first, second] = engine.jobs as [TestEngine['jobs'][number], TestEngine['jobs'][number]];
    /* A step may take minutes, and none has been measured. */
    expect(first.options.stopMs).toBe(30 * 60_000);
    expect(second.options.stopMs).toBe(60_000);
    expect(first.options.stop).toBe(signal);
  });

  it('says when a device is lost, with the reason, and serves on', async () => {
    const troubles: unknown[] = [];
    const both = { ...info, device: 'cuda:0,cuda:1', warnings: ['old'] };
    const infos = [both, both, { ...info, device: 'cuda:1', warnings: ['old', 'the card is gone'] }];
    const engine = engineOf({ open: () => Promise.resolve(infos.length > 1 ? infos.shift()! : infos[0]!) });
    const service = new RefineService({ engine, places: 9, onTrouble: (trouble) => troubles.push(trouble) });
    for (let picture = 0; picture < 4; picture++) await refine(service);
    expect(troubles).toMatchObject([{ message: 'Serving on cuda:1, no longer on cuda:0,cuda:1. the card is gone' }]);
    expect(service.info().device).toBe('cuda:1');
  });

  it('has no model to tell of before it is open', () => {
    const service = new RefineService({ engine: engineOf(), places: 9 });
    expect(() => service.info()).toThrow(/ready/);
  });
});
