import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { readPictureMetadata } from '#src/app/cli/options/metadata-values.js';
import type { RowValues } from '#src/run/manifest/rows/row-keys.js';
import { writePngText } from '#src/media/metadata/write-png-text.js';
import { goldenData } from '../../../../support/golden.js';
import { chunk, gif, tEXt, tiff, unicode, USER_COMMENT } from '../../../media/metadata/build-pictures.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-facts-'));
const image = goldenData('images', 'square-64.png');
const text = 'a cat\nNegative prompt: ugly\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 123, Size: 512x768';
const facts = {
  prompt: 'a cat',
  negative_prompt: 'ugly',
  prompt_syntax: 'a1111',
  seed: 123,
  steps: 20,
  scheduler: 'Euler a',
  guidance_scale: 7,
  original_size: [768, 512],
};

const write = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const pngWith = (written: string): Uint8Array =>
  writePngText(readFileSync(image), [{ keyword: 'parameters', text: written }]);

const valuesOf = async (path: string): Promise<RowValues> => (await readPictureMetadata(path)).values;

describe('readPictureMetadata', () => {
  it('gives what a picture says as values of keys', async () => {
    expect(await valuesOf(write('all.png', pngWith(text)))).toEqual(facts);
    expect(await valuesOf(write('some.png', pngWith('a dog\nSteps: 9, Sampler: Nobody’s, Size: 512x')))).toEqual({
      prompt: 'a dog',
      negative_prompt: '',
      prompt_syntax: 'a1111',
      steps: 9,
      // As it was written, for what asks for it to say so.
      scheduler: 'Nobody’s',
    });
  });

  it('finds it in a TIFF, whose pixels are not read, and in a GIF', async () => {
    const maker = { tag: 0x927c, type: 7, value: randomBytes(10_000) } as const;
    const comment = { tag: USER_COMMENT, type: 7, value: unicode(text, 'LE') } as const;
    for (const littleEndian of [false, true]) {
      const path = write('noise.tif', tiff([], [maker, comment], littleEndian));
      appendFileSync(path, randomBytes(10_000));
      expect(await valuesOf(path)).toEqual(facts);
    }
    expect(await valuesOf(write('one.gif', gif([], [text])))).toEqual(facts);
  });

  it('finds it at the beginning of a large file, and at its end', async () => {
    const large = write('large.png', pngWith(text));
    appendFileSync(large, Buffer.alloc(2 ** 20));
    expect(await valuesOf(large)).toEqual(facts);
    const noise = sharp(randomBytes(400 * 400 * 3), { raw: { width: 400, height: 400, channels: 3 } });
    const webp = await noise
      .webp({ lossless: true })
      .withExif({ IFD2: { UserComment: text } })
      .toBuffer();
    expect(webp.indexOf('EXIF')).toBeGreaterThan(128 * 1024);
    expect(await valuesOf(write('end.webp', webp))).toEqual(facts);
  });

  it('finds it wherever it lies, whatever lies before it', async () => {
    const prompt = JSON.stringify({
      '3': { class_type: 'KSampler', inputs: { steps: 22, cfg: 6, sampler_name: 'euler', positive: ['6', 0] } },
      '6': { class_type: 'WildcardFromFile', inputs: { file: 'birds.txt' } },
    });
    const plain = readFileSync(image);
    const [end, idat] = [plain.indexOf('IEND') - 4, plain.indexOf('IDAT') - 4];
    const textChunks = (...texts: [keyword: string, text: string][]): Buffer[] =>
      texts.map(([keyword, written]) => tEXt(keyword, written));
    const between = (at: number, chunks: Buffer[]): Buffer =>
      Buffer.concat([plain.subarray(0, at), ...chunks, plain.subarray(at)]);
    for (const length of [10_000, 200_000, 3_000_000]) {
      const workflow = JSON.stringify({ note: 'n'.repeat(length) });
      const chunks = textChunks(['prompt', prompt], ['workflow', workflow], ['parameters', text]);
      expect(await valuesOf(write('before.png', between(idat, chunks)))).toEqual(facts);
      expect(await valuesOf(write('after.png', between(end, chunks)))).toEqual(facts);
      const both = between(end, textChunks(['parameters', text]));
      const pixels = chunk('IDAT', Buffer.alloc(length));
      const split = [...textChunks(['prompt', prompt]), pixels, pixels];
      expect(
        await valuesOf(write('split.png', Buffer.concat([both.subarray(0, idat), ...split, both.subarray(idat)]))),
      ).toEqual(facts);
    }
  });

  it.each(['jpeg', 'webp', 'avif'] as const)('reads of a %s no less than the whole file says', async (format) => {
    const noise = sharp(randomBytes(300 * 300 * 3), { raw: { width: 300, height: 300, channels: 3 } });
    const exif = { IFD0: { Artist: 'x'.repeat(40_000) }, IFD2: { UserComment: text } };
    expect(await valuesOf(write(`exif.${format}`, await noise.toFormat(format).withExif(exif).toBuffer()))).toEqual(
      facts,
    );
  });

  it('gives nothing where nothing is said or can be read', async () => {
    mkdirSync(join(folder, 'folder.png'));
    execFileSync('mkfifo', [join(folder, 'pipe.png')]);
    write('empty.png', Buffer.alloc(0));
    for (const path of [
      image,
      ...['folder.png', 'pipe.png', 'empty.png', 'none.png'].map((name) => join(folder, name)),
    ]) {
      expect(await readPictureMetadata(path)).toEqual({ values: {}, warnings: [] });
    }
  });
});
