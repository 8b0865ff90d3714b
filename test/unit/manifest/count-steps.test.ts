import { countSteps } from '#src/manifest/count-steps.js';
import { readCase } from '../../support/golden.js';

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
      steps: golden.num_inference_steps ?? 50,
      strength: golden.strength ?? 0.3,
      denoisingStart: golden.denoising_start ?? null,
      denoisingEnd: golden.denoising_end ?? null,
    };
    expect(countSteps(settings)).toBe(golden.unet_timesteps.length);
  });

  it('is never negative', () => {
    expect(countSteps({ steps: 10, strength: 0.1, denoisingStart: null, denoisingEnd: 0.2 })).toBe(0);
  });
});
