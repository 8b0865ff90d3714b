/** Quantizes a linear layer's weight to int8, with a scale for each output. Pure. */

export interface QuantizedRows {
  /** i8 [columns, rows]: transposed for ONNX Runtime's int8 matrix multiplication. */
  values: Int8Array;
  /** f32 [rows]: weight = value × scale. */
  scales: Float32Array;
}

/**
 * Symmetric, by row: the largest absolute weight of a row becomes `largest`.
 * @param weights f32 [rows, columns]
 * @param largest 127, or 63 for processors that add pairs of products in 16 bits
 */
export const quantizeRows = (weights: Float32Array, rows: number, largest: number): QuantizedRows => {
  const columns = weights.length / rows;
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(rows);
  const steps = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let peak = 0;
    for (let at = row * columns; at < (row + 1) * columns; at++) {
      const size = Math.abs(weights[at]!);
      if (size > peak) peak = size;
    }
    scales[row] = peak / largest;
    /* A row of zeros stays zero. */
    steps[row] = peak === 0 ? 0 : largest / peak;
  }
  /* Blocks of rows keep the written addresses in the processor's cache. */
  for (let first = 0; first < rows; first += BLOCK) {
    const end = Math.min(rows, first + BLOCK);
    for (let column = 0; column < columns; column++) {
      for (let row = first; row < end; row++) {
        values[column * rows + row] = weights[row * columns + column]! * steps[row]! + ROUNDER - ROUNDER;
      }
    }
  }
  return { values, scales };
};

const BLOCK = 64;
/** Adding and subtracting it rounds a double to an integer; several times faster than `Math.round`. */
const ROUNDER = 1.5 * 2 ** 52;
