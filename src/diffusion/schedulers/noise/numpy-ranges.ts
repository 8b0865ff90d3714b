/** linspace, round and interp of numpy and torch, bit for bit: timesteps and sigmas depend on it. Pure. */

const f32 = Math.fround;

/** `numpy.round`: to the nearest integer, halves to even. */
export const roundHalfEven = (value: number): number => {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
};

/** `numpy.linspace` in float64: `count` numbers from `start` to `end`, both included; `start` if `count` is 1. */
export const linspace = (start: number, end: number, count: number): number[] => {
  const step = (end - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === 0 ? start : i === count - 1 ? end : i * step + start));
};

/** `torch.linspace` in float32: counted from the nearer end. */
export const linspace32 = (start: number, end: number, count: number): Float32Array => {
  const [first, last] = [f32(start), f32(end)];
  const step = f32(f32(last - first) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) || count === 1 ? first + f32(step * i) : last - f32(step * (count - i - 1)),
  );
};

/** `numpy.interp` in float64 over values at 0, 1, 2, …; constant beyond the ends. */
export const interp = (values: Float32Array, position: number): number => {
  const last = values.length - 1;
  if (position <= 0) return values[0]!;
  if (position >= last) return values[last]!;
  const below = Math.floor(position);
  return (values[below + 1]! - values[below]!) * (position - below) + values[below]!;
};
