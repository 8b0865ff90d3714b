/** A device is lost only where there is a GPU, so these engines have no process. */
import { RefineError, type ErrorCode } from '#src/errors.js';
import type { EngineJob, RefineReply } from '#src/records/job.js';
import type { JobRunner } from '#src/run/engine/engine.js';
import { EnginePool } from '#src/run/engine/engine-pool.js';
import type { EngineInfo } from '#src/run/engine/protocol.js';

const { signal } = new AbortController();
const job = {} as EngineJob;

interface TestRunner extends JobRunner {
  /** Ends all jobs that run on it, and those that come later. */
  lose: (code: ErrorCode) => void;
  isClosed: boolean;
}

const runner = (device: string, info: Partial<EngineInfo> = {}, slots = 1): TestRunner => {
  let fail: (error: RefineError) => void = () => undefined;
  const lost = new Promise<never>((_, reject) => {
    fail = reject;
  });
  lost.catch(() => undefined);
  let isLost = false;
  return {
    reads: [],
    slots,
    isClosed: false,
    open: () => Promise.resolve({ device, precision: 'fp32', modelDigest: 'a', warnings: [], ...info } as EngineInfo),
    async refine() {
      /* The first device is busy until it is lost; the others reply at once. */
      if (device === 'cuda:0' || isLost) await lost;
      return { device, stepsRun: 1 } as RefineReply;
    },
    lose(code) {
      isLost = true;
      fail(new RefineError(code, 'the device is gone'));
    },
    close() {
      this.isClosed = true;
    },
  };
};

it.each(['SESSION_CREATE', 'ENGINE_START', 'DEVICE_UNAVAILABLE'] as const)(
  '%s: all jobs of a lost device run on the other, with a warning',
  async (code) => {
    const [lost, other] = [runner('cuda:0', {}, 4), runner('cuda:1', {}, 4)];
    const pool = new EnginePool([lost, other]);
    await pool.open(signal);
    const replies = Array.from({ length: 4 }, () => pool.refine(job, { signal }));
    lost.lose(code);
    for (const reply of await Promise.all(replies)) {
      expect(reply).toMatchObject({ device: 'cuda:1', warnings: [expect.stringContaining('the device is gone')] });
    }
    expect(pool.slots).toBe(4);
    /* A removed engine may have a process again. */
    lost.isClosed = false;
    pool.close();
    expect([lost.isClosed, other.isClosed]).toEqual([true, true]);
  },
);

it('the last device ends the run, and errors of a job remove no device', async () => {
  const only = runner('cuda:0', {}, 2);
  const pool = new EnginePool([only]);
  await pool.open(signal);
  const jobs = [pool.refine(job, { signal }), pool.refine(job, { signal })];
  only.lose('SESSION_CREATE');
  for (const refined of jobs) await expect(refined).rejects.toMatchObject({ code: 'SESSION_CREATE' });

  const [first, second] = [runner('cuda:0'), runner('cuda:1')];
  const both = new EnginePool([first, second]);
  await both.open(signal);
  const refined = both.refine(job, { signal });
  first.lose('ENGINE_CRASHED');
  await expect(refined).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
  expect(both.slots).toBe(2);
});

it('devices that would compute different pictures are refused', async () => {
  const [cpu, gpu] = [
    runner('cpu', { precision: 'int8', modelDigest: 'a int8' }),
    runner('cuda:0', { precision: 'fp16' }),
  ];
  await expect(new EnginePool([cpu, gpu]).open(signal)).rejects.toMatchObject({
    code: 'USAGE_CONFLICT',
    message: expect.stringContaining('int8 on cpu and fp16 on cuda:0') as string,
  });
  expect([cpu.isClosed, gpu.isClosed]).toEqual([true, true]);
});

describe('a device whose engine cannot be opened again', () => {
  const lostAtOpening = async (...codes: ErrorCode[]): Promise<{ pool: EnginePool; runners: TestRunner[] }> => {
    const runners = [runner('cuda:1'), runner('cuda:2')];
    const pool = new EnginePool(runners);
    await pool.open(signal);
    codes.forEach((code, index) => {
      runners[index]!.open = () => Promise.reject(new RefineError(code, 'the device is gone'));
    });
    return { pool, runners };
  };

  it('is left out, and the others and their jobs stay', async () => {
    const { pool, runners } = await lostAtOpening('ENGINE_START');
    const warnings = ['A device is no longer used: the device is gone'];
    const infos = await Promise.all([pool.open(signal), pool.open(signal)]);
    for (const info of infos) expect(info).toMatchObject({ device: 'cuda:2', warnings });
    expect(pool.slots).toBe(1);
    expect(runners[1]!.isClosed).toBe(false);
    await expect(pool.refine(job, { signal })).resolves.toMatchObject({ device: 'cuda:2' });
  });

  it('is kept if it is the last', async () => {
    const { pool } = await lostAtOpening('ENGINE_START', 'SESSION_CREATE');
    await expect(pool.open(signal)).rejects.toMatchObject({ code: 'ENGINE_START' });
    expect(pool.slots).toBe(2);
  });

  it('is kept if the reason is not the device', async () => {
    const { pool, runners } = await lostAtOpening('MODEL_NOT_FOUND');
    await expect(pool.open(signal)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(runners[1]!.isClosed).toBe(false);
  });
});
