import { denoiseAt } from '#src/diffusion/schedulers/methods/prediction.js';

/** A picture's number 0.5 under sigma 3 of the noise -1. */
const [clean, noise, sigma] = [0.5, -1, 3];
const noisy = clean + sigma * noise;

it('every prediction type recovers the clean image', () => {
  expect(denoiseAt('epsilon', sigma)(noisy, noise)).toBe(clean);
  expect(denoiseAt('sample', sigma)(noisy, clean)).toBe(clean);
  // v = alpha * noise - s * clean, with alpha = 1 / sqrt(1 + sigma²) and s = sigma * alpha.
  const velocity = (noise - sigma * clean) / Math.sqrt(1 + sigma ** 2);
  expect(denoiseAt('v_prediction', sigma)(noisy, velocity)).toBeCloseTo(clean, 6);
});
