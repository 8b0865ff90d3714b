import { sinusoidalEmbedding } from '#src/diffusion/unet/sinusoidal-embedding.js';

const REFINER = { flipSinToCos: true, freqShift: 0 };

describe('sinusoidalEmbedding', () => {
  it('puts cosines before sines if flip_sin_to_cos is set', () => {
    const [cos, , sin] = sinusoidalEmbedding([2], 4, REFINER);
    expect(cos).toBeCloseTo(Math.cos(2), 6);
    expect(sin).toBeCloseTo(Math.sin(2), 6);
    expect(sinusoidalEmbedding([2], 4, { ...REFINER, flipSinToCos: false })[0]).toBeCloseTo(Math.sin(2), 6);
  });

  it('frequencies fall from 1 towards 1/10000', () => {
    const embedded = sinusoidalEmbedding([1], 8, REFINER);
    const frequencies = [1, 0.1, 0.01, 0.001];
    frequencies.forEach((frequency, index) => {
      expect(embedded[4 + index]).toBeCloseTo(Math.sin(frequency), 6);
    });
  });

  it('each value has a row of its own', () => {
    const both = sinusoidalEmbedding([3, 1024], 16, REFINER);
    expect(both.subarray(16)).toEqual(sinusoidalEmbedding([1024], 16, REFINER));
  });
});
