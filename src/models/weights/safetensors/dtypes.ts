/** Element types of safetensors files, and those of weights. Pure. */

/** Bits of one element. Source: `Dtype::bitsize` in safetensors/src/tensor.rs at 0.8.0. */
const BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type Dtype = keyof typeof BITS;
/** Types that graphs can map from a file. */
export type WeightDtype = 'F32' | 'F16' | 'BF16';

export const isDtype = (value: unknown): value is Dtype => typeof value === 'string' && Object.hasOwn(BITS, value);

export const isWeightDtype = (dtype: Dtype): dtype is WeightDtype =>
  dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';

/** Bytes of a dense tensor; NaN if its bits do not fill whole bytes, or a product exceeds the safe integers. */
export const bytesOf = (dtype: Dtype, shape: readonly number[]): number => {
  // A later zero could hide an overflow, so each product is checked.
  let bits: number = BITS[dtype];
  for (const dim of shape) {
    bits *= dim;
    if (!Number.isSafeInteger(bits)) return NaN;
  }
  return bits % 8 === 0 ? bits / 8 : NaN;
};
