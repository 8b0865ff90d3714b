/** A feature map as row strips, with its statistics. Pure. */
import { tensor, type Tensor } from '../../tensor/tensor.js';

/** Mean and variance of each channel over the whole feature map. */
export interface ChannelStatistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

export interface FeatureMapStrips {
  channels: number;
  height: number;
  width: number;
  /** From the top, f32 [1,channels,rows,width] each; null: released. */
  strips: { start: number; rows: number; tensor: Tensor | null }[];
  /** null: not needed. */
  statistics: ChannelStatistics | null;
}

/** The whole feature map as one strip. @param whole f32 [1,C,H,W] */
export const asOneStrip = (whole: Tensor): FeatureMapStrips => {
  const [, channels = 0, height = 0, width = 0] = whole.dims;
  return { channels, height, width, strips: [{ start: 0, rows: height, tensor: whole }], statistics: null };
};

/** Rows `from` up to `to`. @returns f32 [1,C,to-from,W]; the strip itself if it has exactly these rows */
export const rowsOf = ({ channels, width, strips }: FeatureMapStrips, from: number, to: number): Tensor => {
  const same = strips.find(({ start, rows }) => start === from && start + rows === to)?.tensor;
  if (same) return same;
  const gathered = new Float32Array(channels * (to - from) * width);
  for (const { start, rows, tensor: strip } of strips) {
    const [first, last] = [Math.max(from, start), Math.min(to, start + rows)];
    if (first >= last) continue;
    if (strip === null) throw new RangeError(`rows ${first} to ${last} were released`);
    for (let channel = 0; channel < channels; channel++) {
      const at = (channel * rows + first - start) * width;
      const piece = strip.data.subarray(at, at + (last - first) * width);
      gathered.set(piece, (channel * (to - from) + first - from) * width);
    }
  }
  return tensor(gathered, [1, channels, to - from, width]);
};

/** Releases the strips that end at or above row `row`. */
export const releaseStrips = ({ strips }: FeatureMapStrips, row: number): void => {
  for (const strip of strips) if (strip.start + strip.rows <= row) strip.tensor = null;
};

/**
 * Accumulates the statistics of strips by sums of squared deviations, which do not lose precision as sums of squares do (Chan,
 * Golub and LeVeque 1979).
 */
export class StatisticsAccumulator {
  #count = 0;
  readonly #mean: Float64Array;
  readonly #squaredDeviations: Float64Array;

  constructor(channels: number) {
    this.#mean = new Float64Array(channels);
    this.#squaredDeviations = new Float64Array(channels);
  }

  /** @param count numbers of a channel in the strip @param mean, squaredDeviations of each channel */
  add(count: number, mean: Float32Array, squaredDeviations: Float32Array): void {
    const total = this.#count + count;
    mean.forEach((value, channel) => {
      const distance = value - this.#mean[channel]!;
      this.#mean[channel]! += (distance * count) / total;
      this.#squaredDeviations[channel]! +=
        squaredDeviations[channel]! + (distance * distance * this.#count * count) / total;
    });
    this.#count = total;
  }

  result(): ChannelStatistics {
    return { mean: this.#mean, variance: this.#squaredDeviations.map((sum) => sum / this.#count) };
  }
}

/** Statistics of the group of each channel. @returns f32 [C] each */
export const groupStatistics = (
  { mean, variance }: ChannelStatistics,
  groups: number,
): { mean: Float32Array; variance: Float32Array } => {
  const size = mean.length / groups;
  const means = new Float32Array(mean.length);
  const variances = new Float32Array(mean.length);
  for (let start = 0; start < mean.length; start += size) {
    const own = mean.subarray(start, start + size);
    const groupMean = own.reduce((sum, value) => sum + value, 0) / size;
    const within = variance.subarray(start, start + size).reduce((sum, value) => sum + value, 0) / size;
    const between = own.reduce((sum, value) => sum + (value - groupMean) ** 2, 0) / size;
    means.fill(groupMean, start, start + size);
    variances.fill(within + between, start, start + size);
  }
  return { mean: means, variance: variances };
};
