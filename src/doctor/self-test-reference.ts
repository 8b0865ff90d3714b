/**
 * The operators of the self-test in float64, as their definitions say and with nothing clever: ONNX's GroupNormalization and
 * LayerNormalization (population variance), Conv (cross-correlation, zeros outside), and Vaswani et al. 2017 (attention).
 * Pictures are [1,C,side,side], tokens [S,C]. Pure.
 */

interface Size {
  channels: number;
  side: number;
}

export const groupNormSilu = (
  x: Float64Array,
  gain: Float64Array,
  shift: Float64Array,
  { channels, groups, epsilon }: Size & { groups: number; epsilon: number },
): Float64Array => {
  const area = x.length / channels;
  const normal = normalize(x, x.length / groups, epsilon);
  return normal.map((value, index) => {
    const channel = Math.floor(index / area);
    const scaled = value * at(gain, channel) + at(shift, channel);
    return scaled / (1 + Math.exp(-scaled));
  });
};

export const layerNorm = (
  tokens: Float64Array,
  gain: Float64Array,
  shift: Float64Array,
  { channels, epsilon }: { channels: number; epsilon: number },
): Float64Array =>
  normalize(tokens, channels, epsilon).map(
    (value, index) => value * at(gain, index % channels) + at(shift, index % channels),
  );

/** Each run of `length` numbers to mean 0 and variance 1. */
const normalize = (x: Float64Array, length: number, epsilon: number): Float64Array => {
  const normal = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += length) {
    const part = x.subarray(start, start + length);
    const mean = part.reduce((sum, value) => sum + value, 0) / length;
    const variance = part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    normal.set(
      part.map((value) => (value - mean) / Math.sqrt(variance + epsilon)),
      start,
    );
  }
  return normal;
};

/** 3×3, stride 1, of the same size. @param kernel [C,C,3,3] */
export const convolution = (
  x: Float64Array,
  kernel: Float64Array,
  bias: Float64Array,
  { channels, side }: Size,
): Float64Array =>
  Float64Array.from({ length: x.length }, (_, index) => {
    const [out, row, column] = [Math.floor(index / side ** 2), Math.floor(index / side) % side, index % side];
    let sum = at(bias, out);
    for (let channel = 0; channel < channels; channel++) {
      for (let tap = 0; tap < 9; tap++) {
        const [y, z] = [row + Math.floor(tap / 3) - 1, column + (tap % 3) - 1];
        if (y < 0 || y >= side || z < 0 || z >= side) continue;
        sum += at(kernel, (out * channels + channel) * 9 + tap) * at(x, (channel * side + y) * side + z);
      }
    }
    return sum;
  });

/** Tokens attend to themselves: softmax(QKᵀ/√d)V with Q = K = V, a head at a time. */
export const attention = (
  tokens: Float64Array,
  { channels, heads }: { channels: number; heads: number },
): Float64Array => {
  const count = tokens.length / channels;
  const width = channels / heads;
  const attended = new Float64Array(tokens.length);
  for (let head = 0; head < heads; head++) {
    const of = (token: number): Float64Array => tokens.subarray(token * channels + head * width).subarray(0, width);
    for (let query = 0; query < count; query++) {
      const scores = Array.from({ length: count }, (_, key) => dot(of(query), of(key)) / Math.sqrt(width));
      const highest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - highest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let feature = 0; feature < width; feature++) {
        const sum = weights.reduce((mixed, weight, key) => mixed + weight * at(of(key), feature), 0);
        attended[query * channels + head * width + feature] = sum / total;
      }
    }
  }
  return attended;
};

export const toTokens = (picture: Float64Array, { channels }: Size): Float64Array =>
  transpose(picture, channels, picture.length / channels);

export const toPicture = (tokens: Float64Array, { channels }: Size): Float64Array =>
  transpose(tokens, tokens.length / channels, channels);

/** [rows,columns] to [columns,rows] */
const transpose = (x: Float64Array, rows: number, columns: number): Float64Array =>
  Float64Array.from({ length: x.length }, (_, index) => at(x, (index % rows) * columns + Math.floor(index / rows)));

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, index) => sum + value * at(b, index), 0);

const at = (numbers: Float64Array, index: number): number => numbers[index] ?? NaN;
