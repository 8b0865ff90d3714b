/** Whole numbers against float32, on the bundled model: docs/numerics.md has the table that this keeps true. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CPU } from '#src/onnx/graph/operators/target.js';
import { loadModel, type Model } from '#src/diffusion/pipeline/load-model.js';
import { refine } from '#src/diffusion/pipeline/refine.js';
import type { RefineJob } from '#src/records/job.js';
import sharp from 'sharp';
import { root } from '../support/golden.js';
import { plainSettings } from '../support/settings.js';

const MODEL = join(root, 'models/emoji-refiner');
const DEMO = join(root, 'fixtures/demo');
const LEAST_DECIBELS = 45;

let folder: string;
let exact: Model;
let quantized: Model;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-int8-'));
  process.env['SDXL_REFINE_CACHE'] = folder;
  exact = await loadModel(MODEL);
  quantized = await loadModel(MODEL, { target: { ...CPU, precision: 'int8' } });
});
afterAll(() => {
  delete process.env['SDXL_REFINE_CACHE'];
  rmSync(folder, { recursive: true, force: true });
});

const refined = async (model: Model, job: RefineJob): Promise<readonly number[]> => {
  const steps = refine(model, job);
  for (;;) {
    const { done, value } = await steps.next();
    if (done !== true) continue;
    if (value.output.kind !== 'pixels') throw new Error('expected pixels');
    return [...value.output.pixels.data];
  }
};

it('the model reports int8, and its prepared file exists', () => {
  expect(quantized.precision).toBe('int8');
  expect(readdirSync(folder)).toHaveLength(1);
});

it.each([
  ['angry-face-noise.png', 'angry face, 3d', 0.6],
  ['butter-noise.png', 'butter, 3d', 0.6],
  ['bell-jpeg.jpg', 'bell, noto', 0.3],
])('%s', async (name, prompt, strength) => {
  const { data, info } = await sharp(join(DEMO, name))
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const job: RefineJob = {
    input: { kind: 'pixels', pixels: { data: new Uint8Array(data), width: info.width, height: info.height } },
    settings: { ...plainSettings, prompt, strength },
    output: 'pixels',
    bitDepth: 8,
  };
  const [a, b] = [await refined(exact, job), await refined(quantized, job)];
  const squares = a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
  expect(squares).toBeGreaterThan(0);
  expect(10 * Math.log10((255 ** 2 * a.length) / squares)).toBeGreaterThan(LEAST_DECIBELS);
});
