/** FreeU (Si et al. 2023, arXiv:2309.11497) as in diffusers 0.42.1 (utils/torch_utils.py, `apply_freeu`, `fourier_filter`). */
import { FREEU } from '../../models/networks/unet.js';
import type { UnetConfig } from '../../models/networks/unet-config.js';
import type { FreeU } from '../../records/settings.js';
import type { Feeds } from '../../onnx/runtime/session.js';
import { tensor } from '../../tensor/tensor.js';

/**
 * Inputs of FreeU. Its filter multiplies the four lowest frequencies of the discrete Fourier transform, 0 and -1 in each
 * direction, by s and takes the real part. That equals adding (s - 1) times the projection on the cosine and sine of each.
 * @param size height and width of the latents
 */
export const freeuFeeds = (
  { downBlocks }: UnetConfig,
  [height, width]: readonly [number, number],
  freeu: FreeU,
): Feeds => {
  const [b1, b2, s1, s2] = freeu;
  const halved = (side: number, times: number): number => (times === 0 ? side : halved(Math.ceil(side / 2), times - 1));
  const stages = [
    [b1, s1],
    [b2, s2],
  ] as const;
  return Object.fromEntries(
    stages.flatMap(([gain, filter], index) => {
      const levels = Math.max(0, downBlocks.length - 1 - index);
      const [h, w] = [halved(height, levels), halved(width, levels)];
      const components = fourierComponents(h, w);
      const { names } = FREEU(index);
      const scale = 1 / Math.sqrt(h * w);
      const analysis = new Float32Array(h * w * components.length);
      const synthesis = new Float32Array(h * w * components.length);
      for (const [component, wave] of components.entries()) {
        for (const [pixel, value] of wave.entries()) {
          analysis[pixel * components.length + component] = value * scale;
          synthesis[component * h * w + pixel] = value * scale * (filter - 1);
        }
      }
      return [
        [names.gain, tensor(Float32Array.of(gain - 1), [1])],
        [names.analysis, tensor(analysis, [h * w, components.length])],
        [names.synthesis, tensor(synthesis, [components.length, h * w])],
      ];
    }),
  );
};

/** Cosines and sines, row by row. A side of 1 has one frequency. */
const fourierComponents = (height: number, width: number): Float64Array[] => {
  const frequencies = (side: number): number[] => (side === 1 ? [0] : [0, -1]);
  const waves = frequencies(height).flatMap((k) => frequencies(width).map((l) => [k, l] as const));
  return waves.flatMap(([k, l]) => {
    const phases = Float64Array.from(
      { length: height * width },
      (_, pixel) => 2 * Math.PI * ((k * Math.floor(pixel / width)) / height + (l * (pixel % width)) / width),
    );
    return k === 0 && l === 0 ? [phases.map(Math.cos)] : [phases.map(Math.cos), phases.map(Math.sin)];
  });
};
