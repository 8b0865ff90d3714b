import { sinusoid } from '#src/diffusion/unet/sinusoidal-embedding.js';

const REFINER = { flipSinToCos: true, freqShift: 0 };

describe('sinusoid', () => {
  it('puts cosines before sines where the model has it so', () => {
    const [cos, , sin] = sinusoid([2], 4, REFINER);
    expect(cos).toBeCloseTo(Math.cos(2), 6);
    expect(sin).toBeCloseTo(Math.sin(2), 6);
    expect(sinusoid([2], 4, { ...REFINER, flipSinToCos: false })[0]).toBeCloseTo(Math.sin(2), 6);
  });

  it('falls from frequency 1 towards 1/10000', () => {
    const embedded = sinusoid([1], 8, REFINER);
    const frequencies = [1, 0.1, 0.01, 0.001];
    frequencies.forEach((frequency, index) => {
      expect(embedded[4 + index]).toBeCloseTo(Math.sin(frequency), 6);
    });
  });

  it('embeds each value in a row of its own', () => {
    const both = sinusoid([3, 1024], 16, REFINER);
    expect(both.subarray(16)).toEqual(sinusoid([1024], 16, REFINER));
  });
});
