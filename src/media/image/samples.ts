/** 8- or 16-bit samples. Distinguished by size: arrays from another process fail `instanceof`. */
export type Samples = Uint8Array | Uint16Array;

/** `length` zeros with the bit depth of `like`. */
export function samplesLike<S extends Samples>(like: S, length: number): S {
  return new (like.BYTES_PER_ELEMENT === 2 ? Uint16Array : Uint8Array)(length) as S;
}

/** The value of white. */
export function maxSampleValue(data: Samples): number {
  return data.BYTES_PER_ELEMENT === 2 ? 65535 : 255;
}
