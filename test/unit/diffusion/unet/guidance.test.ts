import { tensor } from '#src/tensor/tensor.js';
import { agreement, applyGuidance } from '#src/diffusion/unet/guidance.js';

describe('applyGuidance', () => {
  it('extrapolates from the unconditional through the conditional prediction', () => {
    const prediction = tensor(Float32Array.of(1, 2, 3, 10), [2, 1, 1, 2]);
    expect(applyGuidance(prediction, 5)).toEqual(tensor(Float32Array.of(11, 42), [1, 1, 1, 2]));
  });

  it('is the conditional prediction at scale 1', () => {
    expect([...applyGuidance(tensor(Float32Array.of(1, 2, 3, 10), [2, 2]), 1).data]).toEqual([3, 10]);
  });

  it('rescale gives the standard deviation of the conditional prediction, as diffusers’ rescale_noise_cfg', () => {
    const prediction = tensor(Float32Array.of(1, 2, -1, 0.5, 3, 1, 0, 0.25), [2, 1, 2, 2]);
    const close = (rescale: number, expected: number[]): void => {
      const { data } = applyGuidance(prediction, 5, rescale);
      for (const [index, value] of expected.entries()) expect(data[index]).toBeCloseTo(value, 5);
    };
    close(0, [11, -3, 4, -0.75]);
    close(0.7, [4.99166202545166, -1.361362338066101, 1.8151497840881348, -0.34034058451652527]);
    close(1, [2.4166598320007324, -0.6590890288352966, 0.8787853717803955, -0.16477225720882416]);
  });
});

it('agreement is the cosine similarity of both predictions', () => {
  const of = (...values: number[]): number => agreement(tensor(Float32Array.from(values), [2, values.length / 2]));
  expect(of(1, 2, 2, 4)).toBeCloseTo(1, 6);
  expect(of(1, 2, -1, -2)).toBeCloseTo(-1, 6);
  expect(of(1, 0, 0, 3)).toBe(0);
  expect(of(3, 4, 4, 3)).toBeCloseTo(24 / 25, 6);
});
