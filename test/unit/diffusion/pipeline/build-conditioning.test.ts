import { buildConditions } from '#src/diffusion/pipeline/build-conditioning.js';
import { loadModel } from '#src/diffusion/pipeline/load-model.js';
import type { RefineSettings } from '#src/records/settings.js';
import { buildSchedule, configFor } from '#src/diffusion/schedulers/registry.js';
import { stepRange } from '#src/diffusion/schedulers/noise/step-range.js';
import { buildTimeIds } from '#src/diffusion/unet/time-ids.js';
import { goldenData } from '../../../support/golden.js';
import { plainSettings } from '../../../support/settings.js';

const model = await loadModel(goldenData('models', 'tiny-refiner'));

const conditions = async (given: Partial<RefineSettings>) => {
  const settings: RefineSettings = { ...plainSettings, prompt: 'a cat', steps: 10, strength: 1, ...given };
  const schedule = buildSchedule(configFor(settings.scheduler, model.schedulerConfig), settings.steps);
  const range = stepRange(schedule, settings);
  const at = await buildConditions(model, settings, buildTimeIds(model.timeIds, settings, [64, 64]), {
    schedule,
    range,
  });
  return Array.from({ length: range.end - range.begin }, (_, index) => at(range.begin + index));
};
/** Prompts of each call, as [batch, tokens]. */
const shapes = (steps: Awaited<ReturnType<typeof conditions>>) =>
  steps.map((calls) => calls.map(({ prompt }) => prompt.dims.slice(0, 2).join('×')).join(' '));
const repeated = (count: number, text: string) => Array.from({ length: count }, () => text);
const LONG = repeated(80, 'cat').join(' ');

it('negative and positive are one call, the same at every step', async () => {
  const steps = await conditions({});
  expect(shapes(steps)).toEqual(repeated(10, '2×77'));
  expect(new Set(steps).size).toBe(1);
});

it('prompts of unequal length are two calls; Compel pads the shorter', async () => {
  expect(shapes(await conditions({ prompt: LONG, promptSyntax: 'a1111' }))[0]).toMatch(/^1×77 1×\d+$/);
  expect(shapes(await conditions({ prompt: LONG, promptSyntax: 'compel' }))[0]).toMatch(/^2×(?!77$)\d+$/);
});

it('guidance runs only in its interval', async () => {
  const steps = await conditions({ guidanceStart: 0.2, guidanceEnd: 0.75 });
  expect(shapes(steps)).toEqual([...repeated(2, '1×77'), ...repeated(5, '2×77'), ...repeated(3, '1×77')]);
  const alone = await conditions({ guidanceScale: 1 });
  expect(steps[0]?.[0]).toEqual(alone[0]?.[0]);
});

it('negative_embedding zeros gives zero embeddings', async () => {
  const [calls] = await conditions({ negativePrompt: 'blurry', negativeEmbedding: 'zeros' });
  const { data } = calls![0]!.prompt;
  expect(data.subarray(0, data.length / 2).every((value) => value === 0)).toBe(true);
  expect(data.subarray(data.length / 2).some((value) => value !== 0)).toBe(true);
});

it('a1111 prompt editing counts steps of the run from 0, with the length of the whole schedule', async () => {
  const prompt = '[a cat:a red fox:3]';
  const changes = async (given: Partial<RefineSettings>) => {
    const steps = await conditions({ prompt, promptSyntax: 'a1111', ...given });
    return steps.map((calls, index) => (index > 0 && calls !== steps[index - 1] ? '|' : '') + '.').join('');
  };
  expect(await changes({})).toBe('....|......');
  expect(await changes({ strength: 0.5 })).toBe('....|.');
  expect(await changes({ denoisingStart: 0.2 })).toBe('..|......');
  expect(await changes({ prompt: '[a cat|a red fox]', strength: 0.3 })).toBe('..|.');
});
