/** What is written is read back by our reader and by libvips, which knows none of our code. */
import sharp, { type Sharp } from 'sharp';
import { readEmbeddedText } from '#src/media/metadata/read-embedded-text.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { writeExifUserComment } from '#src/media/metadata/write-exif-user-comment.js';
import { writePngText } from '#src/media/metadata/write-png-text.js';
import { jpeg, pngWith, riff, warned } from './build-pictures.js';
import * as texts from './infotexts.js';

const picture = (alpha = false): Sharp =>
  sharp({
    create: { width: 33, height: 17, channels: alpha ? 4 : 3, background: { r: 200, g: 30, b: 9, alpha: 0.5 } },
  });
const pixels = async (bytes: Uint8Array): Promise<Buffer> => sharp(bytes).raw().toBuffer();

describe('writePngText', () => {
  it('ASCII and other text, before the pixels, for both readers', async () => {
    const plain = await picture().png().toBuffer();
    const entries = [
      { keyword: 'parameters', text: texts.REFINED },
      { keyword: 'sdxl-refine', text: '{"a":\n1}' },
    ];
    const written = writePngText(plain, entries);
    expect((await sharp(written).metadata()).comments).toEqual(entries);
    expect(await pixels(written)).toEqual(await pixels(plain));
    expect(warned((warn) => readEmbeddedText(written, warn))).toMatchObject({
      value: { texts: entries },
      warnings: [],
    });
    expect(Buffer.from(written).includes('iTXtparameters')).toBe(true);
    expect(Buffer.from(written).includes('tEXtsdxl-refine')).toBe(true);
  });

  it('NULs are left out, and texts that are there stay', () => {
    const written = writePngText(pngWith({ parameters: 'old' }), [{ keyword: 'x', text: 'a\0b' }]);
    const { value } = warned((warn) => readEmbeddedText(written, warn));
    expect(value?.texts).toEqual([
      { keyword: 'x', text: 'ab' },
      { keyword: 'parameters', text: 'old' },
    ]);
  });

  it.each(['', ' a', 'a ', 'a  b', 'a\n', '山', 'a'.repeat(80)])('%p is no keyword', (keyword) => {
    expect(() => writePngText(pngWith({}), [{ keyword, text: '' }])).toThrow('is not a PNG keyword');
  });

  it('bytes that are no PNG are an internal error', () => {
    expect(() => writePngText(Buffer.from('GIF89a'), [])).toThrow('Expected a PNG');
  });
});

describe('writeExifUserComment', () => {
  it.each(['\ufeffa cat', '\ufffe\u4e00', '一', 'ĀȀ', 'a cat'])('written metadata is read back: %j', (text) => {
    const written = writeExifUserComment(jpeg(null), text)!;
    expect(readEmbeddedText(written, () => undefined)?.exif?.userComments).toEqual([text]);
    /* A mark is shown by programs that do not know it: only where there would be another text without. */
    expect(Buffer.from(written).includes(Buffer.from([0xfe, 0xff]))).toBe(text !== 'a cat');
  });

  const make = {
    jpeg: () => picture().jpeg(),
    'lossy WebP': () => picture().webp({ quality: 80 }),
    'lossless WebP': () => picture().webp({ lossless: true }),
    'lossy WebP with alpha': () => picture(true).webp(),
    'lossless WebP with alpha': () => picture(true).webp({ lossless: true }),
  };

  it.each(Object.entries(make))('%s: text, pixels and size', async (_name, encoder) => {
    const plain = await encoder().toBuffer();
    const written = writeExifUserComment(plain, texts.REFINED)!;
    expect(warned((warn) => readEmbeddedText(written, warn)).value?.exif?.userComments).toEqual([texts.REFINED]);
    expect(readGenerationMetadata(written)).toMatchObject({ program: 'a1111', prompt: '山の朝, café', seed: 7 });
    const { exif, width, height, hasAlpha } = await sharp(written).metadata();
    expect({ width, height, hasAlpha }).toEqual({
      width: 33,
      height: 17,
      hasAlpha: (await sharp(plain).metadata()).hasAlpha,
    });
    expect(exif?.includes(Buffer.from(texts.REFINED, 'utf16le').swap16())).toBe(true);
    expect(await pixels(written)).toEqual(await pixels(plain));
  });

  it.each(Object.entries(make))('%s: EXIF, ICC and density that are there stay', async (name, encoder) => {
    const exif = {
      IFD0: { Copyright: 'someone', Artist: 'a painter' },
      IFD2: { UserComment: 'old', LensModel: 'a lens' },
    };
    const plain = await encoder().withMetadata({ density: 300 }).withExifMerge(exif).withIccProfile('p3').toBuffer();
    const written = writeExifUserComment(writeExifUserComment(plain, 'first')!, texts.PLAIN)!;
    expect(readGenerationMetadata(written)?.seed).toBe(123456789);
    const before = await sharp(plain).metadata();
    const after = await sharp(written).metadata();
    expect({ name, icc: after.icc, density: after.density }).toEqual({
      name,
      icc: before.icc,
      density: before.density,
    });
    expect(before.icc).toBeDefined();
    for (const kept of ['someone', 'a painter', 'a lens']) expect(after.exif?.includes(kept)).toBe(true);
    // libvips parses every entry when it rewrites EXIF.
    const again = await sharp(written)
      .keepExif()
      .withExifMerge({ IFD0: { Software: 'x' } })
      .jpeg()
      .toBuffer();
    const { value } = warned((warn) => readEmbeddedText(again, warn));
    expect(value?.exif?.userComments).toEqual([texts.PLAIN]);
    expect((await sharp(again).metadata()).exif?.includes('a lens')).toBe(true);
  });

  it('text of the largest size fits a JPEG, and one unit more does not', async () => {
    const plain = await picture().jpeg().toBuffer();
    const fits = writeExifUserComment(plain, 'a'.repeat(32_737));
    expect((await sharp(fits!).metadata()).exif?.length).toBe(65_532);
    expect(writeExifUserComment(plain, 'a'.repeat(32_738))).toBeNull();
    const webp = writeExifUserComment(await picture().webp().toBuffer(), 'a'.repeat(200_000));
    expect((await sharp(webp!).metadata()).exif?.length).toBe(400_052);
  });

  it('EXIF that cannot be read is left behind', () => {
    const broken = riff(
      'RIFF',
      Buffer.concat([
        Buffer.from('WEBP'),
        riff('VP8L', Buffer.from([0x2f, 0, 0, 0, 0])),
        riff('EXIF', Buffer.from('no TIFF')),
      ]),
    );
    expect(readGenerationMetadata(writeExifUserComment(broken, texts.PLAIN)!)?.seed).toBe(123456789);
  });

  it.each([
    ['a GIF', Buffer.from('GIF89a')],
    ['a WebP without pixels', riff('RIFF', Buffer.concat([Buffer.from('WEBP'), riff('ANIM', Buffer.alloc(6))]))],
    ['a cut WebP', riff('RIFF', Buffer.concat([Buffer.from('WEBP'), riff('VP8 ', Buffer.alloc(4))]))],
  ])('%s is an internal error', (_what, bytes) => {
    expect(() => writeExifUserComment(bytes, '')).toThrow('Expected');
  });
});
