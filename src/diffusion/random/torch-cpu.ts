/**
 * The numbers of `torch.randn(…, generator=torch.Generator().manual_seed(seed))` on a CPU.
 * Source: torch 2.13, ATen/core/TransformationHelper.h and DistributionsHelper.h (uniforms, single normals),
 * ATen/native/cpu/DistributionTemplates.h (`normal_fill`).
 */
import { log32, sineCosine32 } from './cephes-float32.js';
import { mt19937 } from './mt19937.js';
import type { NoiseSource } from './noise-source.js';

/** torch fills tensors of at least this size in blocks of this size, smaller ones number by number. */
const BLOCK = 16;
const TWO_PI = Math.fround(2 * Math.PI);

/**
 * torch's CPU generator as a noise source. `seed`: integer 0 to 2^53-1, of which torch uses the low 32 bits.
 * Uniforms are torch's bit for bit, normals within 1.5e-7 relative.
 */
export const torchCpuNoise = (seed: number): NoiseSource => {
  const random32 = mt19937(seed);
  const uniform24 = (): number => (random32() & 0xffffff) / 2 ** 24;
  const uniform53 = (): number => {
    const high = random32() & 0x1fffff;
    return (high * 2 ** 32 + random32()) / 2 ** 53;
  };

  /** Box-Muller makes two normals from two uniforms; single draws keep the second, also for the next call. */
  let spare: number | null = null;
  const single = (): number => {
    if (spare !== null) {
      const second = spare;
      spare = null;
      return second;
    }
    const angle = 2 * Math.PI * uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-uniform53()));
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };

  /** Box-Muller on 16 uniforms: the first eight give radii, the last eight angles. */
  const transform = (block: Float32Array): void => {
    for (let i = 0; i < BLOCK / 2; i++) {
      const radius = Math.fround(Math.sqrt(-2 * log32(1 - block[i]!)));
      const [sine, cosine] = sineCosine32(Math.fround(TWO_PI * block[i + BLOCK / 2]!));
      block[i] = radius * cosine;
      block[i + BLOCK / 2] = radius * sine;
    }
  };

  const normal = (count: number): Float32Array => {
    if (count < BLOCK) return Float32Array.from({ length: count }, single);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = uniform24();
    for (let i = 0; i + BLOCK <= count; i += BLOCK) transform(values.subarray(i, i + BLOCK));
    if (count % BLOCK !== 0) {
      // If the count is not a multiple of the block, torch draws the last sixteen again from new uniforms.
      const tail = values.subarray(count - BLOCK).map(uniform24);
      transform(tail);
      values.set(tail, count - BLOCK);
    }
    return values;
  };
  return { normal, treeSeed: seed, ofSeed: torchCpuNoise };
};
