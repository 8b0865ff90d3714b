/** Sinusoidal embeddings of numbers (diffusers 0.42 models/embeddings.py, `get_timestep_embedding`; Ho et al. 2020). */

const MAX_PERIOD = 10_000;

export interface SinusoidalEmbeddingOptions {
  /** Cosines before sines. */
  flipSinToCos: boolean;
  freqShift: number;
}

/**
 * @param values numbers to embed, such as timesteps (0 to 999) or sizes in pixels
 * @param width even; half of it frequencies
 * @returns f32 [values.length · width]. Frequencies are rounded to float32 first, as in the reference: otherwise the phase at
 *   timestep 1000 differs by 6e-5
 */
export const sinusoidalEmbedding = (
  values: readonly number[],
  width: number,
  { flipSinToCos, freqShift }: SinusoidalEmbeddingOptions,
): Float32Array => {
  const half = width / 2;
  const frequencies = Float32Array.from({ length: half }, (_, index) =>
    Math.exp(Math.fround(Math.fround(-Math.log(MAX_PERIOD) * index) / Math.fround(half - freqShift))),
  );
  const embedded = new Float32Array(values.length * width);
  for (const [row, value] of values.entries()) {
    for (let index = 0; index < half; index++) {
      const phase = Math.fround(Math.fround(value) * frequencies[index]!);
      embedded[row * width + index + (flipSinToCos ? half : 0)] = Math.sin(phase);
      embedded[row * width + index + (flipSinToCos ? 0 : half)] = Math.cos(phase);
    }
  }
  return embedded;
};
