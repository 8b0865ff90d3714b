/** Checks that a picture has unsigned 8- or 16-bit integer samples in a known colour space. Pure. */
import type { Metadata } from 'sharp';

/** Maximum number of channels of a colour space, alpha included. */
const CHANNELS: Readonly<Record<string, number>> = {
  'b-w': 2,
  grey16: 2,
  srgb: 4,
  rgb16: 4,
  cmyk: 5,
  lab: 4,
  labs: 4,
  scrgb: 4,
};
/** libvips converts these to its own number format, so their depth says nothing about the file. */
const CONVERTED = ['lab', 'labs'];

/** libvips' names of number types that define no black and white. */
const KINDS: Readonly<Record<string, readonly [bits: number, kind: string]>> = {
  char: [8, ' (signed)'],
  short: [16, ' (signed)'],
  int: [32, ' (signed)'],
  uint: [32, ''],
  float: [32, ' (floating point)'],
  double: [64, ' (floating point)'],
  complex: [64, ' (complex)'],
  dpcomplex: [128, ' (complex)'],
};

/** Reason why a picture's samples cannot be read, as the end of a sentence; null if they can. */
export const sampleProblem = ({ depth, space, channels, bitsPerSample }: Metadata): string | null => {
  const most = CHANNELS[space];
  if (most === undefined) return `has the unsupported colour space "${space}"; save as grey, RGB or CMYK`;
  const odd = CONVERTED.includes(space) ? undefined : KINDS[depth];
  if (odd !== undefined) {
    return `has ${bitsPerSample ?? odd[0]}-bit samples${odd[1]}; save as unsigned 8 or 16 bits`;
  }
  return channels > most ? `has ${channels} channels, more than its colour space has; save as grey, RGB or CMYK` : null;
};
