/** Every form a picture may come in gives the refined picture that its plain PNG gives, in the picture's own size. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp, { type Sharp } from 'sharp';
import { picture, quick, readPixels, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { withServer } from '../support/with-server.js';

const folder = workFolder();
const out = join(folder, 'out');
const wide = picture('wide-96x64');

/** Files by format; each is refined, and so is the plain PNG of what it shows. */
const files: Record<string, () => Sharp> = {
  'lossy.jpg': () => sharp(wide).jpeg({ quality: 80 }),
  'sideways.jpg': () => sharp(wide).jpeg().withMetadata({ orientation: 6 }),
  'upside-down.webp': () => sharp(wide).webp({ lossless: true }).withMetadata({ orientation: 3 }),
  'lossy.webp': () => sharp(wide).webp(),
  'sixteen.tiff': () => sharp(wide).toColourspace('rgb16').tiff({ compression: 'lzw' }),
  'plain.tif': () => sharp(wide).tiff({ compression: 'none' }),
  'picture.avif': () => sharp(wide).avif({ effort: 0 }),
  'picture.gif': () => sharp(wide).gif({ effort: 1 }),
  'palette.png': () => sharp(wide).png({ palette: true, colours: 16 }),
  'sixteen.png': () => sharp(wide).toColourspace('rgb16').png(),
  'grey.png': () => sharp(wide).greyscale().toColourspace('b-w').png(),
  'grey.jpg': () => sharp(wide).greyscale().toColourspace('b-w').jpeg(),
  'cmyk.jpg': () => sharp(wide).toColourspace('cmyk').jpeg(),
  'alpha.png': () =>
    sharp(wide)
      .joinChannel(gradient, { raw: { width: 96, height: 64, channels: 1 } })
      .png(),
  'odd.png': () => sharp(wide).extract({ left: 3, top: 5, width: 51, height: 37 }).png(),
  'narrow.png': () => sharp(wide).extract({ left: 0, top: 0, width: 9, height: 1 }).png(),
  'dot.png': () => sharp(wide).extract({ left: 40, top: 30, width: 1, height: 1 }).png(),
};
const gradient = Buffer.from(Array.from({ length: 96 * 64 }, (_, at) => at % 256));

const base64 = readFileSync(wide).toString('base64');
/** Ways to name one and the same picture. */
const ways = (url: string): Record<string, string> => ({
  path: wide,
  'file URL': pathToFileURL(wide).href,
  'http URL': `${url}/picture`,
  'redirected URL': `${url}/elsewhere`,
  'data URL': `data:image/png;base64,${base64}`,
  base64,
});
const WAYS = Object.keys(ways(''));

describe('picture forms', () => {
  beforeAll(async () => {
    const rows: object[] = [];
    for (const [name, make] of Object.entries(files)) {
      const bytes = await make().toBuffer();
      writeFileSync(join(folder, name), bytes);
      const shown = sharp(bytes, { autoOrient: true }).toColourspace('srgb').removeAlpha();
      await shown.png().toFile(join(folder, `${name}.plain.png`));
      rows.push({ ...quick, image: name, output: `${name}.png` });
      rows.push({ ...quick, image: `${name}.plain.png`, output: `${name}.plain.png` });
    }
    const serve: RequestListener = (request, response) => {
      if (request.url === '/picture') response.end(readFileSync(wide));
      else response.writeHead(302, { location: '/picture' }).end();
    };
    await withServer(serve, async (url) => {
      for (const [way, image] of Object.entries(ways(url))) rows.push({ ...quick, image, output: `${way}.png` });
      const run = await runBatch([writeRows(join(folder, 'rows.jsonl'), rows), '--output-dir', out, '--quiet']);
      expect(run).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    });
  });

  it.each(WAYS)('%s', async (way) => {
    expect(await readPixels(join(out, `${way}.png`))).toEqual(await readPixels(join(out, 'path.png')));
  });

  it.each(Object.keys(files))('%s', async (name) => {
    const refined = await readPixels(join(out, `${name}.png`));
    expect(refined).toEqual(await readPixels(join(out, `${name}.plain.png`)));
    const { width, height } = await sharp(join(folder, `${name}.plain.png`)).metadata();
    expect(refined).toMatchObject({ width, height });
    expect(readResults(out).find(({ image }) => image === name)).toMatchObject({ width, height });
  });

  it('a picture that lies on its side is upright after', async () => {
    expect(await readPixels(join(out, 'sideways.jpg.png'))).toMatchObject({ width: 64, height: 96 });
    expect((await sharp(join(out, 'sideways.jpg.png')).metadata()).orientation).toBe(1);
  });

  it('alpha is put back', async () => {
    const { data } = await sharp(join(out, 'alpha.png.png'))
      .extractChannel(3)
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(data).toEqual(gradient);
    expect((await sharp(join(out, 'odd.png.png')).metadata()).hasAlpha).toBe(false);
  });

  it('a refined picture differs from its input', async () => {
    expect((await readPixels(join(out, 'path.png'))).data).not.toEqual((await readPixels(wide)).data);
  });

  it('pictures in the row itself are shortened in the result', () => {
    const [dataUrl, bare] = readResults(out).slice(-2);
    expect(dataUrl?.image).toBe(`data:image/png;base64,… (${base64.length + 22} characters)`);
    expect(bare?.image).toMatch(/^iVBORw0KGgo.*… \(\d+ characters\)$/);
  });
});
