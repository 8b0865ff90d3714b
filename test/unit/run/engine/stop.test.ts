/** A job that is stopped ends between two steps, and the engine stays as it is. */
import { pid } from 'node:process';
import { Engine } from '#src/run/engine/engine.js';
import type { RefineJob } from '#src/records/job.js';
import { model } from '../../../support/batch.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { childrenOf } from '../../../support/processes.js';
import { plainSettings } from '../../../support/settings.js';

const jobOf = (side: number, steps: number): RefineJob => ({
  input: { kind: 'pixels', pixels: { data: new Uint8Array(side * side * 3), width: side, height: side } },
  settings: { ...plainSettings, steps, strength: 1 },
  output: 'pixels',
  bitDepth: 8,
});
const short = jobOf(64, 2);
/** Takes longer than a test. */
const long = jobOf(256, 1000);
const engine = new Engine({ model, modelName: 'small-refiner', device: 'cpu' });
const { signal } = new AbortController();
afterAll(() => {
  engine.close();
});

itOnLinux('a stop ends the job with its reason, and the next job runs in the same child', async () => {
  await engine.open(signal);
  const children = childrenOf(pid);
  const stop = new AbortController();
  const reason = new Error('enough');
  let last = 0;
  const stopped = engine.refine(long, {
    signal,
    stop: stop.signal,
    onStep: (step) => {
      last = step;
      if (step === 3) stop.abort(reason);
    },
  });
  await expect(stopped).rejects.toBe(reason);
  expect(last).toBeLessThan(1000);
  const previews: unknown[] = [];
  const onStep = (_step: number, _steps: number, preview?: unknown): void => void previews.push(preview);
  const reply = await engine.refine({ ...short, preview: true }, { signal, onStep });
  expect(reply.stepsRun).toBe(2);
  expect(previews).toMatchObject([undefined, { width: 8, height: 8 }, { width: 8, height: 8 }]);
  expect(childrenOf(pid)).toEqual(children);
});

it('a job that is stopped before its start does not run', async () => {
  const reason = new Error('too late');
  let steps = 0;
  const onStep = (): void => {
    steps++;
  };
  await expect(engine.refine(long, { signal, stop: AbortSignal.abort(reason), onStep })).rejects.toBe(reason);
  expect(steps).toBe(0);
});

itOnLinux('a child that does not stop is ended, and the next job runs in another', async () => {
  /* Other tests of this process may have children too. */
  engine.close();
  const others = childrenOf(pid);
  await engine.open(signal);
  const child = childrenOf(pid).find((each) => !others.includes(each));
  const stop = new AbortController();
  const stopped = engine.refine(long, {
    signal,
    stop: stop.signal,
    stopMs: 100,
    onStep: (step) => {
      if (step !== 3) return;
      process.kill(child!, 'SIGSTOP');
      stop.abort(new Error('enough'));
    },
  });
  await expect(stopped).rejects.toMatchObject({ code: 'ENGINE_STALLED' });
  expect((await engine.refine(short, { signal })).stepsRun).toBe(2);
  expect(childrenOf(pid)).not.toContain(child);
});
