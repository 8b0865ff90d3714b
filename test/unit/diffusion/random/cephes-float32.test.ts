import { log32, sineCosine32 } from '#src/diffusion/random/cephes-float32.js';

const grid = (start: number, end: number): number[] =>
  Array.from({ length: 2001 }, (_, i) => Math.fround(start + ((end - start) * i) / 2000));

it('log32 is the logarithm to float32', () => {
  for (const x of grid(2 ** -24, 1)) {
    expect(Math.abs(log32(x) - Math.log(x))).toBeLessThanOrEqual(1.2e-7 * Math.max(1, Math.abs(Math.log(x))));
  }
  expect(log32(1)).toBe(0);
});

it('sine and cosine are those of the angle, in every quadrant', () => {
  for (const x of grid(0, 2 * Math.PI)) {
    const [sine, cosine] = sineCosine32(x);
    expect(Math.abs(sine - Math.sin(x))).toBeLessThan(1.2e-7);
    expect(Math.abs(cosine - Math.cos(x))).toBeLessThan(1.2e-7);
  }
});
