import {
  asOneStrip,
  groupStatistics,
  releaseStrips,
  rowsOf,
  StatisticsAccumulator,
  type FeatureMapStrips,
} from '#src/diffusion/vae/strips.js';
import { tensor } from '#src/tensor/tensor.js';

/** Two channels of 6 × 2, each number its own place, in bands of 4 and 2 rows. */
const whole = tensor(
  Float32Array.from({ length: 24 }, (_, index) => index),
  [1, 2, 6, 2],
);
const inBands = (): FeatureMapStrips => {
  const one = asOneStrip(whole);
  const band = (start: number, rows: number): FeatureMapStrips['strips'][number] => ({
    start,
    rows,
    tensor: rowsOf(one, start, start + rows),
  });
  return { ...one, strips: [band(0, 4), band(4, 2)] };
};

describe('rowsOf', () => {
  it('returns a strip itself, without a copy', () => {
    const banded = inBands();
    expect(rowsOf(banded, 4, 6)).toBe(banded.strips[1]!.tensor);
    expect(rowsOf(asOneStrip(whole), 0, 6)).toBe(whole);
  });

  it('joins rows of two strips', () => {
    expect(rowsOf(inBands(), 3, 5)).toEqual(tensor(Float32Array.of(6, 7, 8, 9, 18, 19, 20, 21), [1, 2, 2, 2]));
    expect(rowsOf(inBands(), 0, 6)).toEqual(whole);
  });

  it('refuses released rows, and releases none that a later strip needs', () => {
    const banded = inBands();
    releaseStrips(banded, 3);
    expect(rowsOf(banded, 0, 4).data).toHaveLength(16);
    releaseStrips(banded, 4);
    expect(() => rowsOf(banded, 3, 5)).toThrow(RangeError);
    expect(rowsOf(banded, 4, 6).data).toHaveLength(8);
  });
});

describe('statistics', () => {
  const meanOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const spreadOf = (values: number[]): number => values.reduce((sum, value) => sum + (value - meanOf(values)) ** 2, 0);

  it('of strips add up to those of the whole, also far from zero', () => {
    const values = Array.from({ length: 90 }, (_, index) => 1000 + Math.sin(index) + index / 10);
    const sum = new StatisticsAccumulator(1);
    for (const [from, to] of [
      [0, 7],
      [7, 50],
      [50, 90],
    ]) {
      const part = values.slice(from, to);
      sum.add(part.length, Float32Array.of(meanOf(part)), Float32Array.of(spreadOf(part)));
    }
    const { mean, variance } = sum.result();
    expect(mean[0]).toBeCloseTo(meanOf(values), 3);
    expect(variance[0]! / (spreadOf(values) / 90)).toBeCloseTo(1, 4);
  });

  it('of a group include the variance between its channels', () => {
    const channels = [
      [1, 2, 3],
      [11, 12, 13],
      [5, 5, 5],
      [5, 5, 8],
    ];
    const known = {
      mean: Float64Array.from(channels, meanOf),
      variance: Float64Array.from(channels, (values) => spreadOf(values) / 3),
    };
    const { mean, variance } = groupStatistics(known, 2);
    const groups = [channels.slice(0, 2).flat(), channels.slice(2).flat()];
    const expected = groups.flatMap((group) => [meanOf(group), meanOf(group)]);
    expect(Array.from(mean)).toEqual(expected.map((value) => expect.closeTo(value, 5) as number));
    const variances = groups.flatMap((group) => [spreadOf(group) / 6, spreadOf(group) / 6]);
    expect(Array.from(variance)).toEqual(variances.map((value) => expect.closeTo(value, 5) as number));
  });
});
