import { engineSpeed, SPEED_PRESETS, withSpeed } from '#src/app/cli/options/speed.js';
import { resolveSettings, settingProblems } from '#src/run/manifest/rows/resolve-settings.js';
import type { RowValues } from '#src/run/manifest/rows/row-keys.js';

const settingsWith = (speed: string, values: RowValues = {}, options: RowValues = {}) =>
  resolveSettings({ prompt: 'a cat', ...values }, new Set(), {
    options,
    runSeed: 0,
    modelDefaults: withSpeed({ speed }, 'refiner', { guidance_scale: 1, steps: 30 }),
  });

it('a preset comes after rows and options, and before the model’s defaults', () => {
  const { steps, cache_interval: interval } = SPEED_PRESETS.balanced.refiner;
  expect(settingsWith('exact')).toMatchObject({ steps: 30, guidanceScale: 1, cacheInterval: 1 });
  expect(settingsWith('balanced')).toMatchObject({ steps, guidanceScale: 1, cacheInterval: interval });
  expect(settingsWith('balanced', { steps: 40 })).toMatchObject({ steps: 40, cacheInterval: interval });
  expect(settingsWith('balanced', {}, { cache_interval: 1 })).toMatchObject({ steps, cacheInterval: 1 });
});

it('levels of the model’s own scheduler go where the preset brings another', () => {
  const own: RowValues = { timesteps: 'ays', guidance_scale: 3 };
  expect(withSpeed({ speed: 'balanced' }, 'base', own)).not.toHaveProperty('timesteps');
  expect(withSpeed({ speed: 'balanced' }, 'refiner', own)).toMatchObject({ timesteps: 'ays' });
  expect(withSpeed({ speed: 'exact' }, 'base', own)).toEqual(own);
});

it.each(['balanced', 'fast'] as const)('the settings of %s are valid', (speed) => {
  for (const model of ['refiner', 'base'] as const) {
    const context = { options: {}, runSeed: 0, modelDefaults: SPEED_PRESETS[speed][model] };
    expect([...settingProblems(resolveSettings({ prompt: '' }, new Set(), context))]).toEqual([]);
  }
});

it('fast computes in int8 with cached weights on the CPU, unless options say otherwise', () => {
  const flags = { speed: 'fast', precision: 'auto' };
  expect(engineSpeed(flags)).toEqual({ precision: 'auto with int8', memory: 'cached' });
  expect(engineSpeed({ ...flags, precision: 'fp32' })).toEqual({ precision: 'fp32', memory: 'cached' });
  expect(engineSpeed({ ...flags, cacheWeights: false })).toMatchObject({ memory: 'lean' });
  expect(engineSpeed({ ...flags, speed: 'balanced' })).toEqual({ precision: 'auto', memory: 'lean' });
  expect(() => engineSpeed({ ...flags, speed: 'quick' })).toThrow(/--speed to be one of exact, balanced, fast/);
});
