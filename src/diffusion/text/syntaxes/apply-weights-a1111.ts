import type { Tensor } from '../../../tensor/tensor.js';
import type { Chunk } from '../token-chunks.js';

/**
 * Multiplies each token's hidden state by its weight, then rescales all of them to the previous mean. Texts of one schedule share
 * one mean, since A1111 encodes them together.
 * Source: AUTOMATIC1111/stable-diffusion-webui modules/sd_emphasis.py at 255da37d, `EmphasisOriginal`, its default.
 * @param chunks one of each text @param hiddens f32 [1,77,width], in place @param counts occurrences of each text
 */
export const applyWeightsA1111 = (
  chunks: readonly Chunk[],
  hiddens: readonly Tensor[],
  counts: readonly number[],
): void => {
  if (chunks.every((chunk) => chunk.every(({ weight }) => weight === 1))) return;
  const before = sumOf(hiddens, counts);
  for (const [index, chunk] of chunks.entries()) {
    const { data, dims } = hiddens[index] as Tensor;
    const width = dims[2] ?? 0;
    for (const [place, { weight }] of chunk.entries()) {
      for (let i = place * width; i < (place + 1) * width; i++) data[i] = (data[i] ?? 0) * weight;
    }
  }
  const ratio = Math.fround(before / sumOf(hiddens, counts));
  for (const { data } of hiddens) for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) * ratio;
};

const sumOf = (hiddens: readonly Tensor[], counts: readonly number[]): number =>
  hiddens.reduce((sum, { data }, index) => {
    let own = 0;
    for (const value of data) own += value;
    return sum + own * (counts[index] ?? 1);
  }, 0);
