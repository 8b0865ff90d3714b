import { quantizeRows } from '#src/tensor/quantize-rows.js';

it('weights are transposed, and each row is scaled by its largest weight', () => {
  const { values, scales } = quantizeRows(Float32Array.of(1, -2, 0.5, 0.03, 0.02, -0.01), 2, 63);
  expect([...scales]).toEqual([Math.fround(2 / 63), Math.fround(0.03 / 63)]);
  /* 1, -2, 0.5 over 2/63 and 0.03, 0.02, -0.01 over 0.03/63, column by column. */
  expect([...values]).toEqual([32, 63, -63, 42, 16, -21]);
});

it('a row of zeros stays zero', () => {
  const { values, scales } = quantizeRows(new Float32Array(4), 1, 127);
  expect([...values]).toEqual([0, 0, 0, 0]);
  expect([...scales]).toEqual([0]);
});

it('every weight is off by half a step at most', () => {
  const [rows, columns] = [130, 70];
  const weights = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 12.9898) * (1 + (i % 7)));
  const { values, scales } = quantizeRows(weights, rows, 63);
  for (const [i, weight] of weights.entries()) {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const back = values[column * rows + row]! * scales[row]!;
    expect(Math.abs(back - weight)).toBeLessThanOrEqual(scales[row]! * 0.5001);
  }
});
