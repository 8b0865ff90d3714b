/** IEEE 754 binary16, as bits in a `Uint16Array`, to float32 and back. Pure. */

const bits = new Uint32Array(1);
const number = new Float32Array(bits.buffer);

/** Each binary16 as float32, exactly. From a table, since models have billions of numbers. */
export const fromFloat16 = (halves: Uint16Array): Float32Array => {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => fromHalf(half));
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = table[halves[i]!]!;
  return values;
};
let table: Float32Array | undefined;

/** Each float32 rounded to the nearest binary16, ties to even; infinite beyond 65504, as IEEE 754 rounds. */
export const toFloat16 = (values: Float32Array): Uint16Array => Uint16Array.from(values, toHalf);

const fromHalf = (half: number): number => {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

const toHalf = (value: number): number => {
  number[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  // Adding 2^k to a smaller number rounds it, ties to even, to the precision of 2^k.
  const exponent = Math.max(((bits[0]! >>> 23) & 0xff) - 127, -14);
  const place = 2 ** (exponent - 10);
  const rounded = magnitude + place * 2 ** 52 - place * 2 ** 52;
  if (rounded >= 2 ** 16) return sign | 0x7c00;
  if (rounded < 2 ** -14) return sign | (rounded * 2 ** 24);
  number[0] = rounded;
  return sign | ((bits[0]! >>> 13) - (112 << 10));
};
