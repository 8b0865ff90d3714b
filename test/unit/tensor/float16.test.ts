import { fromFloat16, toFloat16 } from '#src/tensor/float16.js';

const every = Uint16Array.from({ length: 2 ** 16 }, (_, half) => half);
const isNan = (half: number): boolean => (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0;

it('binary16 to float32: known values', () => {
  expect([...fromFloat16(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0xfc00))]).toEqual([
    1,
    -2,
    65504,
    2 ** -24,
    2 ** -14,
    Infinity,
    -Infinity,
  ]);
});

it('every binary16 survives a round trip, with the sign of zero', () => {
  const back = toFloat16(fromFloat16(every));
  expect(every.filter((half, i) => !isNan(half) && back[i] !== half)).toHaveLength(0);
  expect(every.every((half, i) => !isNan(half) || isNan(back[i]!))).toBe(true);
});

it('float32 to binary16 rounds to nearest, ties to even', () => {
  const ulp = 2 ** -10;
  const halves = toFloat16(Float32Array.of(1 + ulp / 2, 1 + 1.5 * ulp, 1 + 0.51 * ulp, -1 - 1.5 * ulp));
  expect([...halves]).toEqual([0x3c00, 0x3c02, 0x3c01, 0xbc02]);
  expect([...toFloat16(Float32Array.of(2 ** -25, 1.5 * 2 ** -24, 65519, 65520))]).toEqual([0, 2, 0x7bff, 0x7c00]);
});
