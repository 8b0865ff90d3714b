/** Converts pixels to the VAE's input and its output to pixels (diffusers 0.42 image_processor.py). Pure. */
import type { BitDepth, Pixels, RefinedPixels } from '../../records/picture.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';

const CHANNELS = 3;

/** Value in [-1,1] of each byte, rounded to float32 after each operation, as in numpy and torch. */
const UNITS = Float32Array.from({ length: 256 }, (_, byte) => 2 * Math.fround(byte / 255) - 1);

/** @returns f32 [1,3,H,W] in [-1,1] */
export const fromPixels = ({ data, width, height }: Pixels): Tensor => {
  const area = width * height;
  const numbers = new Float32Array(CHANNELS * area);
  for (let channel = 0; channel < CHANNELS; channel++) {
    const plane = numbers.subarray(channel * area, (channel + 1) * area);
    for (let pixel = 0; pixel < area; pixel++) plane[pixel] = UNITS[data[pixel * CHANNELS + channel]!]!;
  }
  return tensor(numbers, [1, CHANNELS, height, width]);
};

/** @param image f32 [1,3,H,W], clamped to [-1,1] @returns u8 or u16, rounded half to even */
export const toPixels = (image: Tensor, bitDepth: BitDepth): RefinedPixels => {
  const [, , height = 0, width = 0] = image.dims;
  const area = width * height;
  const highest = 2 ** bitDepth - 1;
  /* A clamped array rounds half to even on assignment, as numpy does. */
  const bytes = new Uint8ClampedArray(bitDepth === 8 ? CHANNELS * area : 0);
  const words = new Uint16Array(bitDepth === 16 ? CHANNELS * area : 0);
  for (let channel = 0; channel < CHANNELS; channel++) {
    const plane = image.data.subarray(channel * area, (channel + 1) * area);
    for (let pixel = 0; pixel < area; pixel++) {
      const unit = Math.fround(Math.fround(plane[pixel]! / 2) + 0.5);
      const at = pixel * CHANNELS + channel;
      if (bitDepth === 8) bytes[at] = Math.fround(unit * highest);
      else words[at] = roundHalfToEven(Math.fround(Math.min(1, Math.max(0, unit)) * highest));
    }
  }
  return { data: bitDepth === 8 ? new Uint8Array(bytes.buffer) : words, width, height };
};

/** numpy's rounding. */
const roundHalfToEven = (value: number): number => {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
};
