import { countSteps } from '#src/run/manifest/rows/count-steps.js';
import type { Generation } from '#src/records/row.js';
import { readCase } from '../../../../support/golden.js';
import { plainSettings } from '../../../../support/settings.js';

describe('countSteps', () => {
  it.each([
    'refine-default',
    'refine-batch-of-3',
    'refine-no-guidance',
    'refine-odd-size',
    'refine-strength-0.6-steps-12',
    'refine-strength-1',
    'refine-two-passes-seed-63bit',
    'refine-denoising-start-pixels',
    'ensemble-refiner-0.8',
  ])('counts the UNet calls that diffusers made in %s', (name) => {
    const golden = readCase(name);
    const settings = {
      ...plainSettings,
      steps: golden.num_inference_steps ?? 50,
      strength: golden.strength ?? 0.3,
      denoisingStart: golden.denoising_start ?? null,
      denoisingEnd: golden.denoising_end ?? null,
    };
    expect(countSteps({ settings })).toBe(golden.unet_timesteps.length);
  });

  it('is never negative', () => {
    expect(countSteps({ settings: { ...plainSettings, steps: 10, strength: 0.1, denoisingEnd: 0.2 } })).toBe(0);
  });

  it.each([
    [{ mode: 'base', handoff: null, refiner: null }, 50],
    [{ mode: 'ensemble', handoff: 0.8, refiner: { ...plainSettings, denoisingStart: 0.8 } }, 50],
    [{ mode: 'two-stage', handoff: null, refiner: plainSettings }, 65],
  ] as const)('adds both models up: %j', (kind, steps) => {
    const generation: Generation = { ...kind, stageInput: null, latentsSuffix: null, copy: 0 };
    expect(countSteps({ settings: plainSettings, generation })).toBe(steps);
  });
});
