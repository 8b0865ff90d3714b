/** Previews of latents: a linear map from the four channels to RGB, one pixel per latent. */
import { LATENT_SCALE, type Pixels } from '../../records/picture.js';
import type { Tensor } from '../../tensor/tensor.js';

const CHANNELS = 4;
const COLOURS = 3;
const FEATURES = CHANNELS + 1;

/**
 * RGB in [-1,1] for each channel of SDXL's latents, and the bias last: `SDXL.latent_rgb_factors` of ComfyUI's
 * comfy/latent_formats.py (0219e5b), used as in its latent_preview.py.
 */
const LATENT_RGB_FACTORS = [
  [0.3651, 0.4232, 0.4341],
  [-0.2533, -0.0042, 0.1068],
  [0.1076, 0.1111, -0.0362],
  [-0.3165, -0.2492, -0.2188],
  [0.1084, -0.0175, -0.0011],
];
const HALF_RANGE = 127.5;
/** Weight of SDXL's factors per latent, relative to the image's: they determine what a uniform image does not. */
const PRIOR_WEIGHT = 1e-3;

/**
 * Fits the map for one image: least squares from its clean latents to its colours, regularized towards SDXL's factors. So
 * previews have true colours also for VAEs whose latents differ from SDXL's.
 *
 * @param clean f32 [1,4,h,w]
 * @param pixels [8h,8w], the image of the latents; null: SDXL's factors unchanged
 * @returns renders latents of any step, u8 [h,w,3]
 */
export const fitPreview = (clean: Tensor, pixels: Pixels | null): ((latents: Tensor) => Pixels) => {
  const prior = LATENT_RGB_FACTORS.map((row, feature) =>
    row.map((factor) => (feature === CHANNELS ? factor + 1 : factor) * HALF_RANGE),
  );
  const map = pixels === null ? prior : leastSquares(clean, pixels, prior);
  return (latents) => render(latents, map);
};

const leastSquares = ({ data, dims }: Tensor, pixels: Pixels, prior: readonly number[][]): number[][] => {
  const [, , height = 0, width = 0] = dims;
  const area = height * width;
  const weight = PRIOR_WEIGHT * area;
  /* (AᵀA + wI) X = AᵀB + wX₀, as rows [AᵀA + wI | AᵀB + wX₀]. */
  const rows = prior.map((colours, feature) => [
    ...Array.from({ length: FEATURES }, (_, column) => (column === feature ? weight : 0)),
    ...colours.map((colour) => weight * colour),
  ]);
  for (let place = 0; place < area; place++) {
    const centre =
      (Math.floor(place / width) + 0.5) * LATENT_SCALE * pixels.width + ((place % width) + 0.5) * LATENT_SCALE;
    const values = Array.from({ length: CHANNELS }, (_, channel) => data[channel * area + place]!);
    values.push(1);
    for (let colour = 0; colour < COLOURS; colour++) values.push(pixels.data[centre * COLOURS + colour]!);
    for (let feature = 0; feature < FEATURES; feature++) {
      for (let column = 0; column < values.length; column++)
        rows[feature]![column]! += values[feature]! * values[column]!;
    }
  }
  return solve(rows);
};

/** Gauss-Jordan; the matrix is positive definite, so no pivot is zero. @returns the right sides of the reduced rows */
const solve = (rows: number[][]): number[][] => {
  rows.forEach((row, pivot) => {
    const scale = row[pivot]!;
    for (let column = 0; column < row.length; column++) row[column]! /= scale;
    for (const target of rows) {
      if (target === row) continue;
      const times = target[pivot]!;
      for (let column = 0; column < row.length; column++) target[column]! -= times * row[column]!;
    }
  });
  return rows.map((row) => row.slice(FEATURES));
};

const render = ({ data, dims }: Tensor, map: readonly number[][]): Pixels => {
  const [, , height = 0, width = 0] = dims;
  const area = height * width;
  const image = new Uint8ClampedArray(area * COLOURS);
  for (let place = 0; place < area; place++) {
    for (let colour = 0; colour < COLOURS; colour++) {
      let value = map[CHANNELS]![colour]!;
      for (let channel = 0; channel < CHANNELS; channel++) {
        value += data[channel * area + place]! * map[channel]![colour]!;
      }
      image[place * COLOURS + colour] = value;
    }
  }
  return { data: new Uint8Array(image.buffer), width, height };
};
