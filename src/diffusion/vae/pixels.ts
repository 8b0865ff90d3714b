/** Converts pixels to the VAE's input and its output to pixels (diffusers 0.42 image_processor.py). Pure. */
import type { BitDepth, Pixels, RefinedPixels } from '../../records/picture.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';

const CHANNELS = 3;

/** @returns f32 [1,3,H,W] in [-1,1] */
export const fromPixels = ({ data, width, height }: Pixels): Tensor => {
  const area = width * height;
  const numbers = new Float32Array(CHANNELS * area);
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < CHANNELS; channel++) {
      /* Rounded to float32 after each operation, as numpy and torch do. */
      numbers[channel * area + pixel] = 2 * Math.fround(data[pixel * CHANNELS + channel]! / 255) - 1;
    }
  }
  return tensor(numbers, [1, CHANNELS, height, width]);
};

/** @param image f32 [1,3,H,W], clamped to [-1,1] @returns u8 or u16, rounded half to even */
export const toPixels = (image: Tensor, bitDepth: BitDepth): RefinedPixels => {
  const [, , height = 0, width = 0] = image.dims;
  const area = width * height;
  const data = new (bitDepth === 16 ? Uint16Array : Uint8Array)(CHANNELS * area);
  const highest = 2 ** bitDepth - 1;
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < CHANNELS; channel++) {
      const unit = Math.min(1, Math.max(0, Math.fround(image.data[channel * area + pixel]! / 2) + 0.5));
      data[pixel * CHANNELS + channel] = roundHalfToEven(Math.fround(Math.fround(unit) * highest));
    }
  }
  return { data, width, height };
};

/** numpy's rounding. */
const roundHalfToEven = (value: number): number => {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
};
