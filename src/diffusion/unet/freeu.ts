/** FreeU (Si et al. 2023, arXiv:2309.11497) as diffusers 0.42.1 has it (utils/torch_utils.py, `apply_freeu`, `fourier_filter`). */
import { FREEU } from '../../models/networks/unet.js';
import type { UnetConfig } from '../../models/networks/unet-config.js';
import type { FreeU } from '../../records/settings.js';
import type { Feeds } from '../../onnx/runtime/session.js';
import { tensor } from '../../tensor/tensor.js';

/**
 * What the network with FreeU is given besides. Its filter multiplies the four lowest frequencies of the discrete Fourier
 * transform, 0 and -1 in each direction, and takes the real part: that is the picture, and (s - 1) times its part along the
 * cosine and the sine of each.
 * @param size height and width of the latents
 */
export const freeuFeeds = (
  { downBlocks: down }: UnetConfig,
  [height, width]: readonly [number, number],
  freeu: FreeU,
): Feeds => {
  const [b1, b2, s1, s2] = freeu;
  const coarser = (side: number, times: number): number =>
    times === 0 ? side : coarser(Math.ceil(side / 2), times - 1);
  const stages = [
    [b1, s1],
    [b2, s2],
  ] as const;
  return Object.fromEntries(
    stages.flatMap(([gain, filter], index) => {
      const levels = Math.max(0, down.length - 1 - index);
      const [h, w] = [coarser(height, levels), coarser(width, levels)];
      const patterns = patternsOf(h, w);
      const { names } = FREEU(index);
      const scale = 1 / Math.sqrt(h * w);
      const analysis = new Float32Array(h * w * patterns.length);
      const synthesis = new Float32Array(h * w * patterns.length);
      for (const [of, pattern] of patterns.entries()) {
        for (const [place, value] of pattern.entries()) {
          analysis[place * patterns.length + of] = value * scale;
          synthesis[of * h * w + place] = value * scale * (filter - 1);
        }
      }
      return [
        [names.gain, tensor(Float32Array.of(gain - 1), [1])],
        [names.analysis, tensor(analysis, [h * w, patterns.length])],
        [names.synthesis, tensor(synthesis, [patterns.length, h * w])],
      ];
    }),
  );
};

/** Row by row. A side of one has one frequency. */
const patternsOf = (height: number, width: number): Float64Array[] => {
  const frequencies = (side: number): number[] => (side === 1 ? [0] : [0, -1]);
  const waves = frequencies(height).flatMap((k) => frequencies(width).map((l) => [k, l] as const));
  return waves.flatMap(([k, l]) => {
    const phases = Float64Array.from(
      { length: height * width },
      (_, place) => 2 * Math.PI * ((k * Math.floor(place / width)) / height + (l * (place % width)) / width),
    );
    return k === 0 && l === 0 ? [phases.map(Math.cos)] : [phases.map(Math.cos), phases.map(Math.sin)];
  });
};
