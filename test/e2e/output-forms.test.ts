/** The forms in which refined pictures are written: format, quality, depth, and what the source said of itself. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { goodRow, picture, quick, readPixels, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { goldenData, readCase } from '../support/golden.js';
import { runCli } from '../support/run-cli.js';

const folder = workFolder();
const out = join(folder, 'out');
const file = (name: string): string => join(out, name);
const wide = picture('wide-96x64');

const CASE = 'refine-default';
const { prompt, seed, image } = readCase(CASE);
const golden = { prompt, seed, image: goldenData('images', `${image as string}.png`), fit: 'resize' };

const rows = [
  { ...goodRow, output: 'plain.png' },
  { ...goodRow, output: 'low.jpg', quality: 20 },
  { ...goodRow, output: 'high.jpeg', quality: 95 },
  { ...goodRow, output: 'low.webp', quality: 20 },
  { ...goodRow, output: 'high.webp', quality: 95 },
  { ...goodRow, output: 'low.avif', quality: 20 },
  { ...goodRow, output: 'high.avif', quality: 95 },
  { ...goodRow, output: 'plain.tif' },
  { ...goodRow, format: 'jpeg' },
  { ...goodRow, output: 'named', format: 'webp' },
  { ...goodRow, output: 'deep.tiff', bit_depth: 16 },
  { ...golden, output: 'golden.png' },
  { ...golden, output: 'golden-deep.png', bit_depth: 16 },
  { ...goodRow, output: 'wrong.png', format: 'jpeg' },
  { ...goodRow, output: 'shallow.jpg', bit_depth: 16 },
  { ...goodRow, output: 'lossless.png', quality: 80 },
  { ...goodRow, format: 'bmp' },
  { ...quick, image: 'camera.jpg', output: 'camera.png' },
  { ...quick, image: 'camera.jpg', output: 'camera.jpg' },
  { ...quick, image: 'camera.jpg', output: 'camera.webp' },
  { ...quick, image: 'camera.jpg', output: 'camera.avif' },
  { ...quick, image: 'camera.jpg', output: 'camera.tiff' },
  { ...quick, image: 'alpha.png', output: 'alpha.jpg' },
  { ...quick, image: 'alpha.png', output: 'alpha.webp' },
];

const deepNumbers = async (path: string): Promise<Uint16Array> => {
  const raw = await sharp(path).toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer();
  return new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2);
};

describe('output forms', () => {
  beforeAll(async () => {
    const camera = sharp(wide)
      .withMetadata({ orientation: 6, density: 240 })
      .withExifMerge({ IFD0: { Copyright: 'Ann Author' }, IFD2: { DateTimeOriginal: '2020:01:02 03:04:05' } });
    writeFileSync(join(folder, 'camera.jpg'), await camera.jpeg().toBuffer());
    const left = Buffer.from(Array.from({ length: 96 * 64 }, (_, at) => (at % 96 < 48 ? 0 : 255)));
    const alpha = sharp(wide).joinChannel(left, { raw: { width: 96, height: 64, channels: 1 } });
    writeFileSync(join(folder, 'alpha.png'), await alpha.png().toBuffer());
    const args = ['batch', writeRows(join(folder, 'rows.jsonl'), rows), '--output-dir', out, '--quiet'];
    const run = await runCli([...args, '--model', goldenData('models/tiny-refiner')]);
    /* The last four rows are wrong, which is all that is said. */
    expect(run.code).toBe(1);
    expect(run.stderr.trim().split('\n')).toEqual(Array(4).fill(expect.stringContaining('ROW_FIELD_INVALID')));
  });

  it.each([
    ['plain.png', 'png', 'uchar', 0],
    ['low.jpg', 'jpeg', 'uchar', 30],
    ['high.jpeg', 'jpeg', 'uchar', 5],
    ['low.webp', 'webp', 'uchar', 30],
    ['high.avif', 'heif', 'uchar', 8],
    ['plain.tif', 'tiff', 'uchar', 0],
    ['square-64.jpg', 'jpeg', 'uchar', 8],
    ['named.webp', 'webp', 'uchar', 16],
    ['deep.tiff', 'tiff', 'ushort', 0.51],
  ])('writes %s as %s', async (name, format, depth, slack) => {
    expect(await sharp(file(name)).metadata()).toMatchObject({ format, depth, width: 64, height: 64 });
    const plain = await readPixels(file('plain.png'));
    const ours = await sharp(file(name)).toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer();
    const off = ours.reduce((sum, value, at) => sum + Math.abs(value - plain.data[at]!), 0) / ours.length;
    /* The picture of a random network is noise, which lossy formats keep least. */
    expect(off).toBeLessThanOrEqual(slack);
  });

  it.each(['jpg:jpeg', 'webp:webp', 'avif:avif'])('makes smaller files of lower quality (%s)', (extensions) => {
    const [low, high] = extensions.split(':');
    expect(statSync(file(`low.${low}`)).size).toBeLessThan(statSync(file(`high.${high}`)).size);
  });

  it('has in 16 bits what the decoder gave, not 8 bits made longer', async () => {
    const deep = await deepNumbers(file('golden-deep.png'));
    expect(new Set(deep).size).toBeGreaterThan(256);
    expect(deep.filter((value) => value % 257 !== 0).length / deep.length).toBeGreaterThan(0.9);
    const shallow = (await readPixels(file('golden.png'))).data;
    const reference = (await readPixels(goldenData('cases', CASE, 'output-0.png'))).data;
    const worst = { shallow: 0, reference: 0 };
    deep.forEach((value, at) => {
      worst.shallow = Math.max(worst.shallow, Math.abs(value / 257 - shallow[at]!));
      worst.reference = Math.max(worst.reference, Math.abs(value / 257 - reference[at]!));
    });
    /* The same float picture, rounded once to 255 levels: never half a level away. The reference's: one level. */
    expect(worst.shallow).toBeLessThanOrEqual(0.51);
    expect(worst.reference).toBeLessThanOrEqual(1);
  });

  it('says in a result what a row’s form is wrong about', () => {
    const messages = readResults(out).flatMap(({ error }) => (error === null ? [] : [error.message]));
    expect(messages).toEqual([
      expect.stringMatching(/format and output to agree, got "jpeg" and an output that ends in "\.png"/),
      expect.stringMatching(/bit_depth 16 only for png and tiff, got it for jpeg/),
      expect.stringMatching(/quality only for jpeg, webp, avif, got it for png/),
      expect.stringMatching(/format to be "png", "jpeg", "webp", "avif" or "tiff", got "bmp"/),
    ]);
    expect(existsSync(file('wrong.png'))).toBe(false);
  });

  it.each(['png', 'jpg', 'webp', 'avif', 'tiff'])('keeps EXIF, upright, and DPI in camera.%s', async (extension) => {
    const { exif, density, autoOrient } = await sharp(file(`camera.${extension}`)).metadata();
    expect(autoOrient).toMatchObject({ width: 64, height: 96 });
    if (['png', 'jpg', 'tiff'].includes(extension)) expect(density).toBe(240);
    if (extension === 'tiff') return;
    for (const text of ['Ann Author', '2020:01:02 03:04:05']) expect(exif?.includes(text)).toBe(true);
  });

  it('keeps none of it with --no-metadata', async () => {
    const row = writeRows(join(folder, 'bare.jsonl'), [{ ...quick, image: 'camera.jpg' }]);
    const bare = join(folder, 'bare');
    const run = await runBatch([row, '--output-dir', bare, '--no-metadata', '--format', 'jpeg', '--quality', '50']);
    expect(run.code).toBe(0);
    const { exif, density, format } = await sharp(join(bare, 'camera.jpg')).metadata();
    expect([exif, density, format]).toEqual([undefined, 72, 'jpeg']);
    expect(readFileSync(join(bare, 'camera.jpg')).includes('Ann Author')).toBe(false);
  });

  it('puts alpha back, and white under it in JPEG', async () => {
    const webp = await sharp(file('alpha.webp')).extractChannel(3).raw().toBuffer();
    expect([webp[10], webp[80]]).toEqual([0, 255]);
    const jpeg = await sharp(file('alpha.jpg')).raw().toBuffer();
    expect(Math.min(...jpeg.subarray(30 * 96 * 3, (30 * 96 + 40) * 3))).toBeGreaterThan(245);
    expect(Math.min(...jpeg.subarray((30 * 96 + 56) * 3, (30 * 96 + 96) * 3))).toBeLessThan(200);
  });

  it('refuses options that cannot be', async () => {
    for (const [flag, value] of [
      ['--quality', '0'],
      ['--quality', '101'],
      ['--bit-depth', '12'],
      ['--format', 'gif'],
    ]) {
      const run = await runBatch([join(folder, 'rows.jsonl'), '--output-dir', join(folder, 'none'), flag!, value!]);
      expect([run.code, run.stderr]).toEqual([2, expect.stringContaining(`Expected ${flag} to be`)]);
    }
  });
});
