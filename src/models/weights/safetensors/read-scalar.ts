/** Reads a tensor of one number, of any dtype: programs save scalars in various types. */
import { readUpTo, withFile } from '../../../io/files/open-file.js';
import { decodeFloats } from './decode-floats.js';
import type { Dtype } from './dtypes.js';
import type { TensorEntry } from './safetensors-header.js';

const READERS: Partial<Record<Dtype, (view: DataView) => number>> = {
  F64: (view) => view.getFloat64(0, true),
  F32: (view) => view.getFloat32(0, true),
  F16: (view) => half(view, 'F16'),
  BF16: (view) => half(view, 'BF16'),
  F8_E5M2: (view) => float8(view.getUint8(0), 2, 15),
  F8_E4M3: (view) => float8(view.getUint8(0), 3, 7),
  I64: (view) => Number(view.getBigInt64(0, true)),
  U64: (view) => Number(view.getBigUint64(0, true)),
  I32: (view) => view.getInt32(0, true),
  U32: (view) => view.getUint32(0, true),
  I16: (view) => view.getInt16(0, true),
  U16: (view) => view.getUint16(0, true),
  I8: (view) => view.getInt8(0),
  U8: (view) => view.getUint8(0),
};

const half = ({ buffer, byteOffset }: DataView, dtype: 'F16' | 'BF16'): number =>
  decodeFloats(new Uint8Array(buffer, byteOffset, 2), dtype)[0] ?? NaN;

/** 8-bit floating point: sign, exponent, mantissa (Micikevicius et al. 2022, arXiv:2209.05433). Infinity and NaN give NaN. */
const float8 = (bits: number, mantissaBits: number, bias: number): number => {
  const mantissa = bits & ((1 << mantissaBits) - 1);
  const exponent = (bits & 0x7f) >> mantissaBits;
  const isSpecial = mantissaBits === 2 ? exponent === 31 : (bits & 0x7f) === 0x7f;
  if (isSpecial) return NaN;
  const sign = bits & 0x80 ? -1 : 1;
  const fraction = mantissa / (1 << mantissaBits);
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
};

/**
 * @param file real path
 * @returns null if it is not one finite number
 * @throws system errors, and FileRefused
 */
export const readScalar = async (
  file: string,
  { dtype, shape, offset, byteLength }: TensorEntry,
): Promise<number | null> => {
  const read = READERS[dtype];
  if (read === undefined || shape.some((side) => side !== 1)) return null;
  const bytes = await withFile(file, 'weights', (handle) => readUpTo(handle, offset, byteLength));
  if (bytes.length < byteLength) return null;
  const value = read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return Number.isFinite(value) ? value : null;
};
