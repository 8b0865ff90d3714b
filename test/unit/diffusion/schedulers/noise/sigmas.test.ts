import { sigmaSpacing, spaceSigmas, timestepOf } from '#src/diffusion/schedulers/noise/sigmas.js';

const NONE = { use_karras_sigmas: false, use_exponential_sigmas: false, use_beta_sigmas: false };

/** Read off diffusers 0.42's EulerDiscreteScheduler with 4 steps, in float32. */
it.each([
  ['karras', 10, 0.1, [10, 2.934119939804077, 0.662885844707489, 0.1]],
  [
    'exponential',
    14.614646911621094,
    0.029167532920837402,
    [14.614646911621094, 1.8400323390960693, 0.23166614770889282, 0.029167532920837402],
  ],
  [
    'beta',
    14.614646911621094,
    0.029167532920837402,
    [14.614646911621094, 10.597612380981445, 4.046202182769775, 0.029167532920837402],
  ],
] as const)('%s', (spacing, max, min, expected) => {
  expect(Float32Array.from(spaceSigmas(spacing, max, min, 4))).toEqual(Float32Array.from(expected));
});

it('two sigma spacings at once are refused', () => {
  expect(sigmaSpacing(NONE)).toBeNull();
  expect(sigmaSpacing({ ...NONE, use_beta_sigmas: true })).toBe('beta');
  expect(() => sigmaSpacing({ ...NONE, use_beta_sigmas: true, use_karras_sigmas: true })).toThrow(/use_beta_sigmas/);
});

it('the timestep of a sigma is linear in log sigma, and stays in range', () => {
  const logSigmas = Float32Array.of(-2, 0, 4);
  const at = (logSigma: number): number => timestepOf(Math.exp(logSigma), logSigmas);
  expect([-9, -2, -1, 0, 3, 4, 9].map(at)).toEqual([0, 0, 0.5, 1, 1.75, 2, 2]);
});
