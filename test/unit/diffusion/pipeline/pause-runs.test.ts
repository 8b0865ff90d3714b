import { loadModel } from '#src/diffusion/pipeline/load-model.js';
import { pauseRuns } from '#src/diffusion/pipeline/pause-runs.js';
import { refine } from '#src/diffusion/pipeline/refine.js';
import { PromptCache } from '#src/diffusion/text/prompt-cache.js';
import type { RefineJob } from '#src/records/job.js';
import { goldenData } from '../../../support/golden.js';
import { plainSettings } from '../../../support/settings.js';

const job: RefineJob = {
  input: { kind: 'pixels', pixels: { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64 } },
  settings: { ...plainSettings, prompt: 'word '.repeat(500), promptSyntax: 'comfy', steps: 1, strength: 1 },
  output: 'pixels',
  bitDepth: 8,
};
const tiny = goldenData('models', 'tiny-refiner');
const models = {
  off: await loadModel(tiny, { vaeTiling: 'off' }),
  /* Over strips. */
  on: await loadModel(tiny, { vaeTiling: 'on' }),
};

/** @returns steps reported, and pauses until the end or the stop */
const run = async (vaeTiling: keyof typeof models, stopAt = Infinity): Promise<{ steps: number[]; pauses: number }> => {
  let pauses = 0;
  const steps: number[] = [];
  const stop = new Error('stop');
  const opened = models[vaeTiling];
  /* With no prompt known from the run before. */
  const fresh = { ...opened, prompts: new PromptCache(opened.textEncoders) };
  const model = pauseRuns(fresh, () => (++pauses === stopAt ? Promise.reject(stop) : Promise.resolve()));
  try {
    for await (const { step } of refine(model, job)) steps.push(step);
  } catch (thrown) {
    expect(thrown).toBe(stop);
  }
  return { steps, pauses };
};

it('a job can stop while its prompt is encoded', async () => {
  expect((await run('off')).pauses).toBeGreaterThan(6);
  expect(await run('off', 3)).toEqual({ steps: [0], pauses: 3 });
});

it('a job can stop while its picture is encoded or decoded over strips', async () => {
  const { pauses: whole } = await run('off');
  const { pauses } = await run('on');
  expect(pauses).toBeGreaterThan(whole + 10);
  expect(await run('on', 1)).toEqual({ steps: [0], pauses: 1 });
  expect(await run('on', pauses)).toEqual({ steps: [0, 1], pauses });
});
