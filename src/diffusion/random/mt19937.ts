/**
 * The Mersenne Twister with a period of 2^19937 - 1, 32-bit version.
 * Source: Matsumoto & Nishimura 1998, "Mersenne Twister"; the seeding and every constant as in their 2002 initialisation.
 */

const WORDS = 624;
const MIDDLE = 397;
const TWIST = 0x9908b0df;
const SEED_MULTIPLIER = 1812433253;

const seedState = (seed: number): Uint32Array => {
  const state = new Uint32Array(WORDS);
  state[0] = seed;
  for (let i = 1; i < WORDS; i++) {
    const previous = state[i - 1]!;
    state[i] = Math.imul(SEED_MULTIPLIER, previous ^ (previous >>> 30)) + i;
  }
  return state;
};

const twist = (state: Uint32Array): void => {
  for (let i = 0; i < WORDS; i++) {
    const joined = (state[i]! & 0x80000000) | (state[(i + 1) % WORDS]! & 0x7fffffff);
    state[i] = state[(i + MIDDLE) % WORDS]! ^ (joined >>> 1) ^ (joined & 1 ? TWIST : 0);
  }
};

const temper = (word: number): number => {
  let bits = word ^ (word >>> 11);
  bits ^= (bits << 7) & 0x9d2c5680;
  bits ^= (bits << 15) & 0xefc60000;
  return (bits ^ (bits >>> 18)) >>> 0;
};

/** A generator of integers 0 to 2^32-1. `seed`: integer, of which the low 32 bits are used. */
export const mt19937 = (seed: number): (() => number) => {
  const state = seedState(seed % 2 ** 32);
  let next = WORDS;
  return () => {
    if (next === WORDS) {
      twist(state);
      next = 0;
    }
    return temper(state[next++]!);
  };
};
