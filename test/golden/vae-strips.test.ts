/** The bundled VAE over row strips, against the same over the whole image. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { loadModel } from '#src/diffusion/pipeline/load-model.js';
import type { Session } from '#src/onnx/runtime/session.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { decode, unscaleLatents, encode, sampleLatents, type Autoencoder } from '#src/diffusion/vae/autoencoder.js';
import { decodeInStrips, encodeInStrips } from '#src/diffusion/vae/strip-autoencoder.js';
import type { StripOptions } from '#src/diffusion/vae/run-strips.js';
import { fromPixels, toPixels } from '#src/diffusion/vae/pixels.js';
import { maxDifference, root } from '../support/golden.js';

const MODEL = join(root, 'models/emoji-refiner');
const DEMO = join(root, 'fixtures/demo');
/** Levels of 255 that a seam may have; what is left here is rounding. */
const SEAM = 2;
const ROUNDING = 1e-4;
const [COLUMNS, ROWS, SIDE] = [3, 2, 128];
const SIZE = { width: COLUMNS * SIDE, height: ROWS * SIDE };

/** Six pictures side by side: strips differ in brightness and colour, as in a real picture. */
const mosaic = async (): Promise<Uint8Array> => {
  const files = readdirSync(DEMO)
    .filter((name) => name.endsWith('.png'))
    .slice(0, COLUMNS * ROWS);
  const parts = files.map(async (name, index) => ({
    input: await sharp(join(DEMO, name)).resize(SIDE, SIDE).flatten({ background: '#fff' }).png().toBuffer(),
    left: (index % COLUMNS) * SIDE,
    top: Math.floor(index / COLUMNS) * SIDE,
  }));
  const canvas = sharp({ create: { ...SIZE, channels: 3, background: '#000' } });
  return canvas
    .composite(await Promise.all(parts))
    .removeAlpha()
    .raw()
    .toBuffer();
};

describe('the bundled VAE over strips of eight rows', () => {
  let vae: Autoencoder;
  let picture: Tensor;
  let options: StripOptions;

  beforeAll(async () => {
    ({ vae } = await loadModel(MODEL, { vaeTiling: 'off' }));
    picture = fromPixels({ data: await mosaic(), ...SIZE });
    options = { open: vae.rowStrips!.open, stripSize: 1 };
  });

  it('encoding equals that of the whole image', async () => {
    const { mean, logVariance } = await encode(vae, picture);
    const { data } = await encodeInStrips(vae.config, picture, options);
    expect(maxDifference(data.subarray(0, mean.data.length), mean.data)).toBeLessThan(ROUNDING);
    const limited = data.subarray(mean.data.length).map((value) => Math.min(20, Math.max(-30, value)));
    expect(maxDifference(limited, logVariance.data)).toBeLessThan(ROUNDING);
  });

  it('decoding equals that of the whole image, without seams', async () => {
    const latents = sampleLatents(vae.config, await encode(vae, picture), null);
    const whole = await decode(vae, latents);
    const inStrips = await decodeInStrips(vae.config, unscaleLatents(vae.config, latents), options);
    expect(maxDifference(inStrips.data, whole.data)).toBeLessThan(ROUNDING);
    const levels = [inStrips, whole].map((given) => Float32Array.from(toPixels(given, 8).data));
    expect(maxDifference(levels[0]!, levels[1]!)).toBeLessThan(SEAM);
  });

  it('with --vae-tiling on, encode and decode run over row strips', async () => {
    const forced: Autoencoder = {
      ...vae,
      rowStrips: { ...vae.rowStrips!, tiling: 'on' },
      encoder: neverRun,
      decoder: neverRun,
    };
    const { mean } = await encode(forced, picture);
    expect(mean.dims).toEqual([1, 4, SIZE.height / 8, SIZE.width / 8]);
    const { dims } = await decode(forced, sampleLatents(vae.config, await encode(forced, picture), null));
    expect(dims).toEqual([1, 3, SIZE.height, SIZE.width]);
  });
});

/** A session that fails when it runs. */
const neverRun: Session = {
  run: () => Promise.reject(new Error('the whole network was run')),
  close: () => Promise.resolve(),
};
