/** Which pictures are read right: samples are whole numbers of 8 or 16 bits without sign, in a colour space that is known. Pure. */
import type { Metadata } from 'sharp';

/** Most channels of a colour space, alpha included. */
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
/** libvips gives these in numbers of their own, whatever the file has. */
const CONVERTED = ['lab', 'labs'];

/** libvips' names of number types that a picture's black and white cannot be told from. */
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

/** What is wrong with a picture's samples, to follow its name; null: nothing is. */
export const sampleProblem = ({ depth, space, channels, bitsPerSample }: Metadata): string | null => {
  const most = CHANNELS[space];
  if (most === undefined) return `has the unsupported colour space "${space}"; save as grey, RGB or CMYK`;
  const odd = CONVERTED.includes(space) ? undefined : KINDS[depth];
  if (odd !== undefined) {
    return `has ${bitsPerSample ?? odd[0]}-bit samples${odd[1]}; save as unsigned 8 or 16 bits`;
  }
  return channels > most ? `has ${channels} channels, more than its colour space has; save as grey, RGB or CMYK` : null;
};
