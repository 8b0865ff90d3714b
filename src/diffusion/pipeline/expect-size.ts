/** Checks that a model supports an image size. */
import { RefineError } from '../../errors.js';
import { LATENT_SCALE } from '../../records/picture.js';
import type { Unet } from '../unet/predict-noise.js';

/** @param width, height in pixels @throws ROW_FIELD_INVALID */
export const expectSize = ({ sizeMultiple = 1 }: Unet, width: number, height: number): void => {
  const step = sizeMultiple * LATENT_SCALE;
  if (width % step === 0 && height % step === 0) return;
  const near = (side: number): number => Math.max(step, Math.round(side / step) * step);
  const message =
    `Expected sides that are multiples of ${step} for this ONNX export of the UNet, found ${width}×${height}. ` +
    `Resize the picture to ${near(width)}×${near(height)}, or give the model's safetensors (a folder or one file), which support every size.`;
  throw new RefineError('ROW_FIELD_INVALID', message, { context: { field: 'image', width, height, multiple: step } });
};
