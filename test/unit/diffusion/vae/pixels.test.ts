import { tensor } from '#src/tensor/tensor.js';
import { fromPixels, toPixels } from '#src/diffusion/vae/pixels.js';

const pixels = (data: number[], width: number, height: number) => ({ data: Uint8Array.from(data), width, height });

describe('pixels and VAE values', () => {
  it('separates channels and maps 0 to 255 onto -1 to 1', () => {
    const { data, dims } = fromPixels(pixels([0, 255, 51, 255, 0, 204], 2, 1));
    expect(dims).toEqual([1, 3, 1, 2]);
    expect([...data].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([-1, 1, 1, -1, -0.6, 0.6]);
  });

  it('every 8-bit value survives a round trip', () => {
    const all = pixels(
      Array.from({ length: 768 }, (_, value) => value % 256),
      16,
      16,
    );
    expect(toPixels(fromPixels(all), 8)).toEqual(all);
  });

  it('clamps to [-1, 1], and rounds half to even', () => {
    const half = (level: number): number => (2 * (level + 0.5)) / 255 - 1;
    const { data } = toPixels(tensor(Float32Array.of(-1.5, 1.5, half(2)), [1, 3, 1, 1]), 8);
    expect([...data]).toEqual([0, 255, 2]);
  });

  it('has 65536 levels in 16 bits, rounded half to even', () => {
    const number = (level: number): number => (2 * level) / 65535 - 1;
    const { data } = toPixels(tensor(Float32Array.of(-2, number(12345.6), 2), [1, 3, 1, 1]), 16);
    expect(data).toBeInstanceOf(Uint16Array);
    expect([...data]).toEqual([0, 12346, 65535]);
    /* 0 is the middle, 32767.5. */
    expect([...toPixels(tensor(new Float32Array(3), [1, 3, 1, 1]), 16).data]).toEqual([32768, 32768, 32768]);
    expect(toPixels(tensor(new Float32Array(3), [1, 3, 1, 1]), 8).data).toEqual(Uint8Array.of(128, 128, 128));
  });
});
