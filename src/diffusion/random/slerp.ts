/**
 * Spherical interpolation of noise, column by column, as for A1111's variation seed.
 * Source: AUTOMATIC1111/stable-diffusion-webui v1.10.1, modules/rng.py, `slerp` (the norm of a channel is over its rows).
 */

/** Above this mean cosine A1111 interpolates linearly with swapped shares. */
const NEARLY_ONE = 0.9995;

/**
 * @param share of `high`, 0 to 1
 * @param dims [channels, height, width] of both
 */
export const slerp = (
  share: number,
  low: Float32Array,
  high: Float32Array,
  [channels, height, width]: readonly [number, number, number],
): Float32Array => {
  const columns = Array.from({ length: channels * width }, (_, i) => {
    const first = Math.floor(i / width) * height * width + (i % width);
    return Array.from({ length: height }, (_row, row) => first + row * width);
  });
  const norm = (values: Float32Array, column: readonly number[]): number =>
    Math.sqrt(column.reduce((sum, at) => sum + values[at]! ** 2, 0));
  const cosines = columns.map(
    (column) => column.reduce((sum, at) => sum + low[at]! * high[at]!, 0) / (norm(low, column) * norm(high, column)),
  );
  if (cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length > NEARLY_ONE) {
    return low.map((value, at) => value * share + high[at]! * (1 - share));
  }
  const mixed = new Float32Array(low.length);
  columns.forEach((column, i) => {
    const angle = Math.acos(Math.min(Math.max(cosines[i]!, -1), 1));
    const [ofLow, ofHigh] = [Math.sin((1 - share) * angle), Math.sin(share * angle)];
    for (const at of column) mixed[at] = (ofLow * low[at]! + ofHigh * high[at]!) / Math.sin(angle);
  });
  return mixed;
};
