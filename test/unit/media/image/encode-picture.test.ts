import sharp from 'sharp';
import { encodePicture, PLAIN_PICTURE } from '#src/media/image/encode-picture.js';
import { cropPicture, fitPicture } from '#src/media/image/fit.js';
import { loadPicture } from '#src/media/image/load-picture.js';
import type { OutputFormat, PictureEncoding } from '#src/records/picture.js';
import { bytes, crc32, ofRaw, pattern, plain, rgb } from './pictures.js';

const as = (format: OutputFormat, rest: Partial<PictureEncoding> = {}): PictureEncoding => ({
  format,
  quality: null,
  bitDepth: 8,
  metadata: true,
  ...rest,
});
const PNG = as('png');
const FORMATS: OutputFormat[] = ['png', 'jpeg', 'webp', 'avif', 'tiff'];

const smooth = (width: number, height: number) => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.floor(i / 3) % width) + (i % 3) * 20),
  width,
  height,
});

it('writes 8-bit RGB without metadata', async () => {
  const encoded = await encodePicture(rgb(13, 7), PNG);
  const { format, depth, channels, hasAlpha, hasProfile, exif } = await sharp(encoded).metadata();
  expect({ format, depth, channels, hasAlpha, hasProfile, exif }).toEqual({
    format: 'png',
    depth: 'uchar',
    channels: 3,
    hasAlpha: false,
    hasProfile: false,
    exif: undefined,
  });
});

it('scales an alpha of another size to the picture', async () => {
  const halves = Uint8Array.from({ length: 75 * 53 }, (_, i) => (i % 75 < 37 ? 0 : 255));
  const extras = { ...PLAIN_PICTURE, alpha: { data: halves, width: 75, height: 53 } };
  const encoded = await encodePicture(rgb(72, 48), PNG, extras);
  const { pixels, alpha } = await loadPicture(encoded, 'out.png');
  expect(bytes(pixels.data)).toEqual(bytes(rgb(72, 48).data));
  expect(alpha).toMatchObject({ width: 72, height: 48 });
  for (let y = 0; y < 48; y++) {
    expect([...alpha!.data.subarray(y * 72, y * 72 + 30)].every((value) => value <= 1)).toBe(true);
    expect([...alpha!.data.subarray(y * 72 + 42, y * 72 + 72)].every((value) => value >= 254)).toBe(true);
  }
});

describe('a picture that is encoded without refining comes out unchanged', () => {
  const sizes = [1, 3, 8, 13, 64].flatMap((width) => [1, 7, 8, 17].map((height) => [width, height] as const));
  const channels = { RGB: 3, RGBA: 4 };
  const cases = sizes.flatMap((size) =>
    Object.entries(channels).map(([name, count]) => [...size, name, count] as const),
  );

  it.each(cases)('%i×%i %s', async (width, height, _, count) => {
    const data = pattern(width, height, count);
    // Alpha that is opaque everywhere is not kept.
    if (count === 4) data[3] = 100;
    const loaded = await loadPicture(await ofRaw(data, width, height).png().toBuffer(), 'in.png');
    const { pixels, crop } = await fitPicture(loaded.pixels, 'pad');
    for (const format of ['png', 'tiff'] as const) {
      const encoded = await encodePicture(cropPicture(pixels, crop), as(format), {
        ...PLAIN_PICTURE,
        alpha: loaded.alpha,
      });
      const out = await sharp(encoded).raw().toBuffer({ resolveWithObject: true });
      expect(out.info).toMatchObject({ width, height, channels: count });
      expect(bytes(out.data)).toEqual(bytes(data));
    }
  });
});

describe('formats', () => {
  it.each(FORMATS)('%s has the size and nearly the colours that went in', async (format) => {
    const picture = smooth(61, 43);
    const encoded = await encodePicture(picture, as(format));
    const header = await loadPicture(encoded, 'out');
    expect({ format: header.format, ...header.pixels, data: null }).toEqual({
      format,
      width: 61,
      height: 43,
      data: null,
    });
    const differences = bytes(header.pixels.data).map((value, i) => Math.abs(value - picture.data[i]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(format === 'png' || format === 'tiff' ? 0 : 8);
  });

  it.each(['jpeg', 'webp', 'avif'] as const)('%s grows with its quality', async (format) => {
    const sizes = await Promise.all(
      [10, 50, 95].map(async (quality) => (await encodePicture(rgb(64, 64), as(format, { quality }))).length),
    );
    expect(sizes[0]).toBeLessThan(sizes[1]!);
    expect(sizes[1]).toBeLessThan(sizes[2]!);
  });

  it('keep alpha, but for JPEG, where white shines through', async () => {
    const alpha = { data: Uint8Array.from({ length: 256 }, (_, i) => (i % 16 < 8 ? 0 : 255)), width: 16, height: 16 };
    const picture = { data: await plain(200, 50, 50).raw().toBuffer(), width: 16, height: 16 };
    for (const format of FORMATS) {
      const out = await loadPicture(await encodePicture(picture, as(format), { ...PLAIN_PICTURE, alpha }), 'out');
      if (format === 'jpeg') {
        expect(out.alpha).toBeNull();
        const at = (x: number): number[] => [...out.pixels.data.subarray((8 * 16 + x) * 3, (8 * 16 + x) * 3 + 3)];
        expect(Math.min(...at(2))).toBeGreaterThan(245);
        expect(at(13).map((value) => Math.round(value / 10))).toEqual([20, 5, 5]);
        continue;
      }
      /* AVIF's alpha loses a level, as its colours do. */
      const slack = format === 'avif' ? 2 : 0;
      const differences = bytes(out.alpha!.data).map((value, i) => Math.abs(value - alpha.data[i]!));
      expect([format, Math.max(...differences) <= slack]).toEqual([format, true]);
    }
  });
});

describe('16 bits', () => {
  const deep = { data: Uint16Array.from({ length: 40 * 9 * 3 }, (_, i) => (i * 4099) % 65536), width: 40, height: 9 };

  it.each(['png', 'tiff'] as const)('%s gives every number back', async (format) => {
    const alpha = { data: Uint8Array.from({ length: 360 }, (_, i) => i % 256), width: 40, height: 9 };
    for (const extras of [PLAIN_PICTURE, { ...PLAIN_PICTURE, alpha }, { ...PLAIN_PICTURE, density: 300 }]) {
      const encoded = await encodePicture(deep, as(format, { bitDepth: 16 }), extras);
      const { depth, channels, density } = await sharp(encoded).metadata();
      expect([depth, channels]).toEqual(['ushort', extras.alpha === null ? 3 : 4]);
      if (extras.density !== null) expect(density).toBe(300);
      const out = await sharp(encoded).toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer();
      const numbers = new Uint16Array(out.buffer, out.byteOffset, out.length / 2);
      const colours = [...numbers].filter((_, i) => channels === 3 || i % 4 < 3);
      expect(colours).toEqual([...deep.data]);
      if (channels === 4)
        expect([...numbers].filter((_, i) => i % 4 === 3)).toEqual([...alpha.data].map((a) => a * 257));
    }
  });
});

describe('what the source says of itself', () => {
  const source = (orientation: number): Promise<Buffer> =>
    plain(200, 50, 50)
      .resize(32, 16)
      .withMetadata({ orientation, density: 300 })
      .withExifMerge({
        IFD0: { Copyright: 'Ann Author', Make: 'Camera' },
        IFD2: { DateTimeOriginal: '2020:01:02 03:04:05' },
        IFD3: { GPSLatitudeRef: 'N' },
      })
      .jpeg()
      .toBuffer();

  it.each(FORMATS)('%s keeps EXIF, upright, and DPI where it has room', async (format) => {
    const loaded = await loadPicture(await source(6), 'in.jpg');
    expect(loaded).toMatchObject({ density: 300, pixels: { width: 16, height: 32 } });
    const encoded = await encodePicture(loaded.pixels, as(format), loaded);
    const { width, height, exif, density, hasProfile } = await sharp(encoded).metadata();
    expect([width, height, hasProfile]).toEqual([16, 32, true]);
    const { autoOrient } = await sharp(encoded).metadata();
    expect(autoOrient).toMatchObject({ width: 16, height: 32 });
    if (format === 'tiff') expect(exif).toBeUndefined();
    else for (const text of ['Ann Author', 'Camera', '2020:01:02 03:04:05']) expect(exif?.includes(text)).toBe(true);
    if (['png', 'jpeg', 'tiff'].includes(format)) expect(density).toBe(300);
    const again = await loadPicture(encoded, 'out');
    expect(Math.abs(again.pixels.data[0]! - 200)).toBeLessThanOrEqual(8);
  });

  it.each([
    ['png', 8],
    ['png', 16],
    ['tiff', 16],
    ['jpeg', 8],
    ['webp', 8],
    ['avif', 8],
  ] as const)(
    '%s of %i bits is in the profile of the source: its very numbers and its very colours',
    async (format, bitDepth) => {
      for (const profile of ['srgb', 'p3']) {
        const file = await plain(200, 50, 50).withIccProfile(profile).png().toBuffer();
        const loaded = await loadPicture(file, 'in.png');
        const deep = { ...loaded.pixels, data: Uint16Array.from(loaded.pixels.data, (value) => value * 257) };
        const pixels = bitDepth === 16 ? deep : loaded.pixels;
        const encoded = await encodePicture(pixels, as(format, { bitDepth }), loaded);
        const [source, written] = await Promise.all([sharp(file).metadata(), sharp(encoded).metadata()]);
        expect(written.icc).toEqual(source.icc);
        const numbers = (picture: Uint8Array): Promise<Buffer> =>
          sharp(picture, { ignoreIcc: true }).raw({ depth: 'uchar' }).toBuffer();
        const [before, after] = await Promise.all([numbers(file), numbers(encoded)]);
        for (let i = 0; i < 3; i++) expect(Math.abs(after[i]! - before[i]!)).toBeLessThanOrEqual(2);
        const again = await loadPicture(encoded, 'out');
        for (let i = 0; i < 3; i++) expect(Math.abs(again.pixels.data[i]! - [200, 50, 50][i]!)).toBeLessThanOrEqual(3);
      }
    },
  );

  it('a CMYK profile is ignored', async () => {
    const file = await plain(200, 50, 50).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer();
    const loaded = await loadPicture(file, 'in.jpg');
    expect((await sharp(file).metadata()).hasProfile).toBe(true);
    expect(loaded.profile).toBeNull();
  });

  it('changes no pixel', async () => {
    const { exif, density } = await loadPicture(await source(1), 'in.jpg');
    const encoded = await encodePicture(rgb(40, 30), PNG, { ...PLAIN_PICTURE, exif, density });
    expect(bytes((await loadPicture(encoded, 'out.png')).pixels.data)).toEqual(bytes(rgb(40, 30).data));
  });

  it('is ignored if it is huge', async () => {
    const huge = Buffer.alloc(9_000_000, 97);
    /* One entry: an ImageDescription of nearly nine million letters. */
    huge.write('II*\0\b\0\0\0\x01\0\x0e\x01\x02\0', 'latin1');
    huge.writeUInt32LE(huge.length - 26, 14);
    huge.writeUInt32LE(26, 18);
    huge.writeUInt32LE(0, 22);
    const png = await plain(1, 2, 3).png().toBuffer();
    const chunk = Buffer.alloc(huge.length + 12);
    chunk.writeUInt32BE(huge.length, 0);
    chunk.write('eXIf', 4, 'latin1');
    huge.copy(chunk, 8);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
    const source = Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
    const loaded = await loadPicture(source, 'in.png');
    expect(loaded.exif).toBeNull();
    expect(loaded.pixels).toMatchObject({ width: 16, height: 16 });
  });

  it('is null where it says nothing, and does not matter where it is broken', async () => {
    expect(await loadPicture(await plain(1, 2, 3).webp().toBuffer(), 'in')).toMatchObject({
      exif: null,
      density: null,
    });
    expect(await loadPicture(await plain(1, 2, 3).jpeg().toBuffer(), 'in')).toMatchObject({
      exif: null,
      density: null,
    });
    const { exif } = await loadPicture(await source(1), 'in.jpg');
    for (const broken of [
      exif!.subarray(0, 40),
      Buffer.from('II*\0\xff\xff\xff\xff', 'latin1'),
      Buffer.alloc(70_000, 7),
    ]) {
      for (const format of FORMATS) {
        const encoded = await encodePicture(rgb(8, 8), as(format), { ...PLAIN_PICTURE, exif: broken });
        expect((await loadPicture(encoded, 'out')).pixels).toMatchObject({ width: 8, height: 8 });
      }
    }
  });
});
