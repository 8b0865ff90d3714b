/** Parses NumPy's `.npy` files with little-endian floats in C order. Pure. */
import { RefineError } from '../../../errors.js';
import { decodeFloats } from '../safetensors/decode-floats.js';
import { formatValue, showShape } from '../safetensors/format-value.js';

export interface NpyArray {
  data: Float32Array;
  shape: readonly number[];
}

/** `\x93NUMPY`. Source: numpy/lib/format.py, "Format Version 1.0". */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy's own limit (`max_header_size` of numpy.load): the header is a Python literal. */
export const MAX_NPY_HEADER_BYTES = 10_000;
const ELEMENT_BYTES: Readonly<Record<string, number>> = { '<f2': 2, '<f4': 4, '<f8': 8 };

/**
 * Parses a whole file. float64 is rounded to float32.
 * @param where names the file in messages
 * @throws LATENTS_INVALID
 */
export const parseNpy = (bytes: Uint8Array, where: string): NpyArray => {
  const { header, data } = splitHeader(bytes, where);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1] ?? 'a structure';
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  const elementBytes = Object.hasOwn(ELEMENT_BYTES, descr) ? ELEMENT_BYTES[descr] : undefined;
  if (elementBytes === undefined) throw invalid(where, `contains ${formatValue(descr)}; expected <f4, <f2 or <f8`);
  if (order !== 'False') throw invalid(where, 'is in Fortran order; expected C order (numpy.ascontiguousarray)');
  if (dims === undefined) throw invalid(where, 'has no shape in its header');
  const shape = dims
    .split(',')
    .map((dim) => dim.trim())
    .filter((dim) => dim !== '')
    .map(Number);
  const needed = shape.reduce((product, dim) => product * dim, elementBytes);
  if (needed !== data.length) {
    throw invalid(where, `has ${data.length} bytes of data, but ${showShape(shape)} of ${descr} needs ${needed}`);
  }
  return { data: decode(data, descr), shape };
};

/** Versions 1 to 3 differ in the width of the length and the header's encoding; the keys are ASCII in all. */
const splitHeader = (bytes: Uint8Array, where: string): { header: string; data: Uint8Array } => {
  const [major = 0] = bytes.subarray(MAGIC.length);
  if (MAGIC.some((byte, i) => bytes[i] !== byte) || major < 1 || major > 3) {
    throw invalid(where, 'is not a .npy file of version 1, 2 or 3');
  }
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw invalid(where, 'ends inside its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_NPY_HEADER_BYTES) {
    throw invalid(where, `has a header of ${length} bytes, more than ${MAX_NPY_HEADER_BYTES}`);
  }
  if (bytes.length < start + length) throw invalid(where, 'ends inside its header');
  return {
    header: new TextDecoder('latin1').decode(bytes.subarray(start, start + length)),
    data: bytes.subarray(start + length),
  };
};

const decode = (bytes: Uint8Array, descr: string): Float32Array => {
  if (descr === '<f8') return Float32Array.from(new Float64Array(new Uint8Array(bytes).buffer));
  return decodeFloats(bytes, descr === '<f2' ? 'F16' : 'F32');
};

const invalid = (where: string, what: string): RefineError =>
  new RefineError(
    'LATENTS_INVALID',
    `${where} ${what}. Save latents with numpy.save as float32 [1, 4, height, width].`,
  );
