/** Numbers of a picture in 8 or 16 bits. Told apart by size: what comes from another process is no `instanceof` of anything here. */
export type Samples = Uint8Array | Uint16Array;

/** `length` zeros in the depth of `like`. */
export function samplesLike<S extends Samples>(like: S, length: number): S {
  return new (like.BYTES_PER_ELEMENT === 2 ? Uint16Array : Uint8Array)(length) as S;
}

/** The number that white has. */
export function maxSampleValue(data: Samples): number {
  return data.BYTES_PER_ELEMENT === 2 ? 65535 : 255;
}
