/**
 * The operators of the self-test in float64, by their definitions: ONNX's GroupNormalization and
 * LayerNormalization (population variance), Conv (cross-correlation, zeros outside), Vaswani et al. 2017 (attention) and
 * Shazeer 2020 (GEGLU).
 * Feature maps are [1,C,side,side], tokens [S,C]. Pure.
 */

/* Local names: in the inner loops the look-up of a global would take most of the time. */
const { PI, SQRT2, abs, exp, floor, max, sign, sqrt } = Math;

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
    const channel = floor(index / area);
    const scaled = value * at(gain, channel) + at(shift, channel);
    return scaled / (1 + exp(-scaled));
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

/** Normalizes each group of `length` numbers to mean 0 and variance 1. */
const normalize = (x: Float64Array, length: number, epsilon: number): Float64Array => {
  const normal = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += length) {
    const part = x.subarray(start, start + length);
    const mean = part.reduce((sum, value) => sum + value, 0) / length;
    const variance = part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    normal.set(
      part.map((value) => (value - mean) / sqrt(variance + epsilon)),
      start,
    );
  }
  return normal;
};

/**
 * 3×3. @param kernel [out,in,3,3]
 * @param options stride 1 with same padding, or stride 2 with one row of zeros below and one column to the right
 */
export const convolution = (
  x: Float64Array,
  kernel: Float64Array,
  bias: Float64Array,
  { channels, side, stride = 1 }: Size & { stride?: 1 | 2 },
): Float64Array => {
  const [to, first] = [side / stride, stride === 1 ? -1 : 0];
  const y = new Float64Array(bias.length * to ** 2);
  for (let out = 0; out < bias.length; out++) {
    const plane = y.subarray(out * to ** 2, (out + 1) * to ** 2).fill(at(bias, out));
    for (let channel = 0; channel < channels; channel++) {
      for (let tap = 0; tap < 9; tap++) {
        const weight = at(kernel, (out * channels + channel) * 9 + tap);
        const [down, right] = [floor(tap / 3) + first, (tap % 3) + first];
        for (let row = 0; row < to; row++) {
          const from = row * stride + down;
          if (from < 0 || from >= side) continue;
          const start = (channel * side + from) * side + right;
          for (let column = 0; column < to; column++) {
            if (column * stride + right < 0 || column * stride + right >= side) continue;
            const pixel = row * to + column;
            plane[pixel] = at(plane, pixel) + weight * at(x, start + column * stride);
          }
        }
      }
    }
  }
  return y;
};

/** Nearest-neighbour. @param side before @returns [1,C,2·side,2·side] */
export const upsample = (x: Float64Array, { side }: { side: number }): Float64Array =>
  Float64Array.from({ length: 4 * x.length }, (_, index) => {
    const [channel, row, column] = [
      floor(index / (2 * side) ** 2),
      floor(index / (2 * side)) % (2 * side),
      index % (2 * side),
    ];
    return at(x, (channel * side + floor(row / 2)) * side + floor(column / 2));
  });

/** By head: softmax(QKᵀ/√d)V with V = K. */
export const attention = (
  queries: Float64Array,
  keys: Float64Array,
  { channels, heads }: { channels: number; heads: number },
): Float64Array => {
  const width = channels / heads;
  const [queryCount, keyCount] = [queries.length / channels, keys.length / channels];
  const attended = new Float64Array(queries.length);
  for (let head = 0; head < heads; head++) {
    for (let query = 0; query < queryCount; query++) {
      const own = query * channels + head * width;
      const scores = Array.from({ length: keyCount }, (_, key) => {
        const other = key * channels + head * width;
        let score = 0;
        for (let feature = 0; feature < width; feature++)
          score += at(queries, own + feature) * at(keys, other + feature);
        return score / sqrt(width);
      });
      const highest = max(...scores);
      const weights = scores.map((score) => exp(score - highest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let feature = 0; feature < width; feature++) {
        let mixed = 0;
        for (let key = 0; key < keyCount; key++) {
          mixed += (weights[key] ?? NaN) * at(keys, key * channels + head * width + feature);
        }
        attended[own + feature] = mixed / total;
      }
    }
  }
  return attended;
};

/** Tokens times a weight [out,in]. @param width of a token */
export const linear = (tokens: Float64Array, weight: Float64Array, width: number): Float64Array => {
  const outputs = weight.length / width;
  const y = new Float64Array((tokens.length / width) * outputs);
  for (let index = 0; index < y.length; index++) {
    const [token, row] = [floor(index / outputs) * width, (index % outputs) * width];
    let sum = 0;
    for (let feature = 0; feature < width; feature++) sum += at(tokens, token + feature) * at(weight, row + feature);
    y[index] = sum;
  }
  return y;
};

/** GEGLU: in each token the first half are values, the second half their gates. */
export const gatedGelu = (wide: Float64Array, bias: Float64Array): Float64Array => {
  const inner = bias.length / 2;
  return Float64Array.from({ length: wide.length / 2 }, (_, index) => {
    const [token, feature] = [floor(index / inner) * bias.length, index % inner];
    const value = at(wide, token + feature) + at(bias, feature);
    const gate = at(wide, token + inner + feature) + at(bias, inner + feature);
    return (value * gate * (1 + errorFunction(gate / SQRT2))) / 2;
  });
};

/** Its series (Abramowitz and Stegun 7.1.5), where it converges to 1e-9; beyond, it is 1 within 1e-8. */
const errorFunction = (x: number): number => {
  if (abs(x) > 4) return sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / sqrt(PI)) * sum;
};

export const toTokens = (featureMap: Float64Array, { channels }: Size): Float64Array =>
  transpose(featureMap, channels, featureMap.length / channels);

export const toFeatureMap = (tokens: Float64Array, { channels }: Size): Float64Array =>
  transpose(tokens, tokens.length / channels, channels);

/** [rows,columns] to [columns,rows] */
const transpose = (x: Float64Array, rows: number, columns: number): Float64Array =>
  Float64Array.from({ length: x.length }, (_, index) => at(x, (index % rows) * columns + floor(index / rows)));

const at = (numbers: Float64Array, index: number): number => numbers[index] ?? NaN;
