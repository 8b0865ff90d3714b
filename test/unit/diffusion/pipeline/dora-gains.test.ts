/** DoRA's gains against their formula (Liu et al. 2024, eq. 5) in float64: magnitude over the norm of each row of W + scale·up·down. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { doraGains } from '#src/diffusion/pipeline/dora-gains.js';
import type { LowRank } from '#src/models/weights/lora/adapter-file.js';
import { openSafetensors } from '#src/models/weights/safetensors/open-safetensors.js';
import { WeightMap, type Weight } from '#src/models/weights/weight-map.js';
import { temporaryFolder } from '../../../support/run-cli.js';
import { writeSafetensors, type RawTensor } from '../../../support/write-safetensors.js';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const RANK = 2;
const SCALE = 0.5;
const numbers = (shape: number[], phase: number): RawTensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => Math.sin(at * 1.7 + phase)),
});
const linear = {
  weight: numbers([4, 3], 0),
  down: numbers([RANK, 3], 1),
  up: numbers([4, RANK], 2),
  magnitude: numbers([4], 3),
};
const conv = {
  weight: numbers([5, 2, 3, 3], 4),
  down: numbers([RANK, 2, 3, 3], 5),
  up: numbers([5, RANK, 1, 1], 6),
  magnitude: numbers([5, 1, 1, 1], 7),
};
type Layer = typeof linear;

const expectedGains = ({ weight, down, up, magnitude }: Layer): number[] => {
  const rows = weight.shape[0]!;
  const columns = weight.data.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const changed = Array.from({ length: columns }, (__, column) => {
      let product = 0;
      for (let r = 0; r < RANK; r++) product += up.data[row * RANK + r]! * down.data[r * columns + column]!;
      return weight.data[row * columns + column]! + SCALE * product;
    });
    return magnitude.data[row]! / Math.hypot(...changed);
  });
};

const stored = async (name: string, tensors: Readonly<Record<string, RawTensor>>): Promise<Map<string, Weight>> => {
  const path = join(folder, name);
  writeSafetensors(path, new Map(Object.entries(tensors)));
  const { file, tensors: entries } = await openSafetensors(path);
  return new Map(Array.from(entries, ([key, entry]) => [key, { ...entry, file } as Weight]));
};

it('are those of the formula for linear layers and convolutions; plain LoRAs have none', async () => {
  const model = await stored('model.safetensors', { 'a.weight': linear.weight, 'b.weight': conv.weight });
  const lora = await stored('lora.safetensors', {
    'a.down': linear.down,
    'a.up': linear.up,
    'a.magnitude': linear.magnitude,
    'b.down': conv.down,
    'b.up': conv.up,
    'b.magnitude': conv.magnitude,
  });
  const lowRank = (layer: string, isDora = true): LowRank => ({
    down: lora.get(`${layer}.down`)!,
    mid: null,
    up: lora.get(`${layer}.up`)!,
    scale: SCALE,
    magnitude: isDora ? lora.get(`${layer}.magnitude`)! : null,
  });
  const weights = new WeightMap(model);
  const gains = await doraGains(
    weights,
    new Map([
      ['a', lowRank('a')],
      ['b', lowRank('b')],
    ]),
  );
  expect([...gains.keys()]).toEqual(['a', 'b']);
  for (const [name, layer] of [
    ['a', linear],
    ['b', conv],
  ] as const) {
    const expected = expectedGains(layer);
    expect(gains.get(name)).toHaveLength(expected.length);
    for (const [row, gain] of gains.get(name)!.entries()) expect(gain).toBeCloseTo(expected[row]!, 5);
  }
  expect(await doraGains(weights, new Map([['a', lowRank('a', false)]]))).toEqual(new Map());
});

it('refuse a layer whose weight has another shape than the change', async () => {
  const model = await stored('other.safetensors', { 'a.weight': numbers([4, 4], 0) });
  const lora = await stored('small.safetensors', { down: linear.down, up: linear.up, magnitude: linear.magnitude });
  const layers = new Map([
    [
      'a',
      {
        down: lora.get('down')!,
        mid: null,
        up: lora.get('up')!,
        scale: SCALE,
        magnitude: lora.get('magnitude')!,
      },
    ],
  ]);
  await expect(doraGains(new WeightMap(model), layers)).rejects.toMatchObject({ code: 'WEIGHTS_SHAPE' });
});
