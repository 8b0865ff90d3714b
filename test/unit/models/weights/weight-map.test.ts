import { sliceRows, WeightMap, type StoredTensor } from '#src/models/weights/weight-map.js';
import { errorOf } from './build-safetensors.js';

const stored = (dtype: StoredTensor['dtype'], shape: number[]): StoredTensor => ({
  file: '/models/unet.safetensors',
  dtype,
  shape,
  offset: 1000,
  byteLength: 2 * shape.reduce((product, dim) => product * dim, 1),
});
const weights = (): WeightMap =>
  new WeightMap(
    new Map([
      ['down.0.to_q.weight', stored('F16', [8, 4])],
      ['down.0.to_k.weight', stored('BF16', [8, 4])],
      ['down.0.norm.bias', stored('F16', [4])],
      ['position_ids', stored('I64', [1, 77])],
      ['logit_scale', stored('F16', [])],
    ]),
  );

it('returns a tensor with its place in the file', () => {
  expect(weights().require('down.0.to_q.weight', [8, 4])).toEqual(stored('F16', [8, 4]));
  expect(weights().require('logit_scale', []).shape).toEqual([]);
});

it('a missing tensor: the error names it, the files and the most similar name', async () => {
  const error = await errorOf('WEIGHTS_TENSOR_MISSING', () => weights().require('down.0.to_v.weight', [8, 4]));
  expect(error.message).toContain('"down.0.to_v.weight"');
  expect(error.message).toContain('/models/unet.safetensors');
  expect(error.message).toMatch(/most similar name there is "down\.0\.to_[qk]\.weight"/);
  expect(error.exitCode).toBe(4);
  const { message } = await errorOf('WEIGHTS_TENSOR_MISSING', () => new WeightMap(new Map()).require('a', []));
  expect(message).toContain('no files');
});

it.each([[[4, 8]], [[8, 4, 1]], [[8]], [[]], [[8, 5]]])(
  'refuses the shape %j with both shapes named',
  async (shape) => {
    const { message } = await errorOf('WEIGHTS_SHAPE', () => weights().require('down.0.to_q.weight', shape));
    expect(message).toContain(`to be [${shape.join(', ')}], got [8, 4]`);
  },
);

it('refuses integer tensors, and does not mark them as used', async () => {
  const map = weights();
  const { message } = await errorOf('WEIGHTS_DTYPE', () => map.require('position_ids', [1, 77]));
  expect(message).toContain('F32, F16 or BF16, got I64');
  map.require('down.0.to_q.weight', [8, 4]);
  map.require('down.0.to_q.weight', [8, 4]);
  expect(map.has('down.0.norm.bias')).toBe(true);
  expect(map.unused()).toEqual(['down.0.to_k.weight', 'down.0.norm.bias', 'position_ids', 'logit_scale']);
});

it('sliced rows are a view: offset and length', () => {
  const whole = stored('F16', [8, 4]);
  expect(sliceRows(whole, 2, 5)).toEqual({ ...whole, shape: [3, 4], offset: 1016, byteLength: 24 });
  expect(sliceRows(whole, 0, 8)).toEqual(whole);
  expect(sliceRows(whole, 8, 8)).toEqual({ ...whole, shape: [0, 4], offset: 1064, byteLength: 0 });
  for (const [start, end] of [
    [-1, 2],
    [3, 2],
    [0, 9],
  ] as const) {
    expect(() => sliceRows(whole, start, end)).toThrow(RangeError);
  }
});
