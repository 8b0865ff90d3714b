/**
 * The numbers of `torch.randn(…, device="cuda", generator=torch.Generator("cuda").manual_seed(seed))` as A1111 and Forge make them
 * without a GPU ("NV"). They equal an NVIDIA GPU's for at most as many numbers as it has threads.
 * Source: Philox4x32 with 10 rounds, Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"; torch's counters and
 * conversion to normal numbers: AUTOMATIC1111/stable-diffusion-webui v1.10.1, modules/rng_philox.py.
 */
import type { NoiseSource } from './noise-source.js';

const ROUNDS = 10;
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
/** Increments of the key's words in each round. */
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;

/** High 32 bits of the product of two 32-bit words. */
const highOfProduct = (a: number, b: number): number => {
  const [high, low] = [a >>> 16, a & 0xffff];
  const middle = high * (b & 0xffff) + Math.floor((low * (b & 0xffff)) / 65536);
  const rest = (middle % 65536) + low * (b >>> 16);
  return high * (b >>> 16) + Math.floor(middle / 65536) + Math.floor(rest / 65536);
};

/** Four 32-bit words from a counter of four and a key of two. */
export const philox4x32 = (counter: readonly number[], key: readonly number[]): number[] => {
  let [a, b, c, d] = counter as [number, number, number, number];
  let [low, high] = key as [number, number];
  for (let round = 0; round < ROUNDS; round++) {
    const [first, second] = [a, c];
    a = (highOfProduct(second, MULTIPLIERS[1]) ^ b ^ low) >>> 0;
    b = Math.imul(second, MULTIPLIERS[1]) >>> 0;
    c = (highOfProduct(first, MULTIPLIERS[0]) ^ d ^ high) >>> 0;
    d = Math.imul(first, MULTIPLIERS[0]) >>> 0;
    low = (low + WEYL[0]) >>> 0;
    high = (high + WEYL[1]) >>> 0;
  }
  return [a, b, c, d];
};

const UNIT = 2 ** -32;
/** 2π / 2^32, in float32. */
const TURN = Math.fround(UNIT * 6.2831855);

/** Every call of `normal` is one call of torch.randn. `seed`: integer 0 to 2^53-1. */
export const philoxNoise = (seed: number): NoiseSource => {
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  let call = 0;
  const normal = (count: number): Float32Array => {
    const offset = call++;
    return Float32Array.from({ length: count }, (_, i) => {
      const [x, y] = philox4x32([offset, 0, i, 0], key) as [number, number];
      const radius = Math.sqrt(-2 * Math.log(x * UNIT + UNIT / 2));
      return radius * Math.sin(y * TURN + TURN / 2);
    });
  };
  return { normal, treeSeed: seed, ofSeed: philoxNoise };
};
