/**
 * Derives seeds from a seed: numpy's `SeedSequence(entropy, spawn_key=key, pool_size=pool).generate_state(count)`.
 * Source: M. E. O'Neill 2015, "Developing a seed_seq Alternative" (the hash and its constants), as in numpy 2.3,
 * numpy/random/bit_generator.pyx.
 */

const INIT_A = 0x43b0d7e5;
const MULT_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULT_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;

/** An integer 0 to 2^53-1 as 32-bit words, low word first; 0 is one word. */
const wordsOf = (value: number): number[] =>
  value < 2 ** 32 ? [value] : [value % 2 ** 32, Math.floor(value / 2 ** 32)];

const folded = (value: number): number => (value ^ (value >>> 16)) >>> 0;

/** A hash whose constant changes with every call. */
const hashes = (initial: number, multiplier: number): ((value: number) => number) => {
  let constant = initial;
  return (value) => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, multiplier);
    return folded(Math.imul(mixed, constant));
  };
};

const mix = (a: number, b: number): number => folded(Math.imul(MIX_LEFT, a) - Math.imul(MIX_RIGHT, b));

/** `count` integers 0 to 2^32-1. `seed` and elements of `key`: integers 0 to 2^53-1. */
export const spawnSeeds = (seed: number, key: readonly number[], poolSize: number, count: number): number[] => {
  const own = wordsOf(seed);
  const padding = key.length > 0 ? Array.from({ length: Math.max(poolSize - own.length, 0) }, () => 0) : [];
  const entropy = [...own, ...padding, ...key.flatMap(wordsOf)];
  const hash = hashes(INIT_A, MULT_A);
  const pool = Array.from({ length: poolSize }, (_, i) => hash(entropy[i] ?? 0));
  for (let from = 0; from < poolSize; from++) {
    for (let to = 0; to < poolSize; to++) if (to !== from) pool[to] = mix(pool[to]!, hash(pool[from]!));
  }
  for (const word of entropy.slice(poolSize))
    for (let to = 0; to < poolSize; to++) pool[to] = mix(pool[to]!, hash(word));
  const draw = hashes(INIT_B, MULT_B);
  return Array.from({ length: count }, (_, i) => draw(pool[i % poolSize]!));
};
