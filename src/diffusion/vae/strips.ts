/** A picture-like tensor that lies in bands of rows, and what is known of the whole of it. Pure. */
import { tensor, type Tensor } from '../../tensor/tensor.js';

/** Mean and variance of each channel over the picture. */
export interface ChannelStatistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

export interface Banded {
  channels: number;
  height: number;
  width: number;
  /** In order, from the top; null where a band was let go. f32 [1,channels,rows,width] each. */
  bands: { start: number; rows: number; tensor: Tensor | null }[];
  /** null: nobody needs them. */
  statistics: ChannelStatistics | null;
}

/** A whole tensor as one band. @param whole f32 [1,C,H,W] */
export const asBanded = (whole: Tensor): Banded => {
  const [, channels = 0, height = 0, width = 0] = whole.dims;
  return { channels, height, width, bands: [{ start: 0, rows: height, tensor: whole }], statistics: null };
};

/** Rows `from` up to `to`. @returns f32 [1,C,to-from,W]; the band itself where it is just these rows */
export const rowsOf = ({ channels, width, bands }: Banded, from: number, to: number): Tensor => {
  const same = bands.find(({ start, rows }) => start === from && start + rows === to)?.tensor;
  if (same) return same;
  const gathered = new Float32Array(channels * (to - from) * width);
  for (const { start, rows, tensor: band } of bands) {
    const [first, last] = [Math.max(from, start), Math.min(to, start + rows)];
    if (first >= last) continue;
    if (band === null) throw new RangeError(`rows ${first} to ${last} were let go`);
    for (let channel = 0; channel < channels; channel++) {
      const at = (channel * rows + first - start) * width;
      const piece = band.data.subarray(at, at + (last - first) * width);
      gathered.set(piece, (channel * (to - from) + first - from) * width);
    }
  }
  return tensor(gathered, [1, channels, to - from, width]);
};

/** Lets go of the bands that end at or above row `row`. */
export const letGo = ({ bands }: Banded, row: number): void => {
  for (const band of bands) if (band.start + band.rows <= row) band.tensor = null;
};

/**
 * Adds a band's statistics to those of the rows above it (Chan, Golub and LeVeque 1979: sums of squared distances add up
 * without loss, where sums of squares would not).
 */
export class StatisticsSum {
  #count = 0;
  readonly #mean: Float64Array;
  readonly #spread: Float64Array;

  constructor(channels: number) {
    this.#mean = new Float64Array(channels);
    this.#spread = new Float64Array(channels);
  }

  /** @param count numbers of a channel @param mean, spread of each channel: its mean, the squared distances from it */
  add(count: number, mean: Float32Array, spread: Float32Array): void {
    const total = this.#count + count;
    mean.forEach((value, channel) => {
      const apart = value - this.#mean[channel]!;
      this.#mean[channel]! += (apart * count) / total;
      this.#spread[channel]! += spread[channel]! + (apart * apart * this.#count * count) / total;
    });
    this.#count = total;
  }

  result(): ChannelStatistics {
    return { mean: this.#mean, variance: this.#spread.map((spread) => spread / this.#count) };
  }
}

/** Statistics of each channel's group, as often as it has channels. @returns f32 [C] each */
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
