import sharp, { type Sharp } from 'sharp';
import { loadPicture } from '#src/media/image/load-picture.js';
import { bytes, ofRaw, pattern, plain, pngHeader, rgb } from './pictures.js';

const [WIDTH, HEIGHT] = [13, 7];
const picture = rgb(WIDTH, HEIGHT);
const stored = (): Sharp => ofRaw(picture.data, WIDTH, HEIGHT);
const load = async (encoded: Uint8Array): ReturnType<typeof loadPicture> => loadPicture(encoded, 'cat.png');

/** The first pixel, and that all are near it. */
const colourOf = async (encoded: Uint8Array): Promise<number[]> => {
  const { data } = (await load(encoded)).pixels;
  const first = bytes(data.subarray(0, 3));
  expect(data.every((value, i) => Math.abs(value - first[i % 3]!) <= 2)).toBe(true);
  return first;
};
const farthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe('formats', () => {
  it.each([
    ['png', () => stored().png()],
    ['png', () => stored().png({ progressive: true })],
    ['webp', () => stored().webp({ lossless: true })],
    ['tiff', () => stored().tiff({ compression: 'deflate' })],
    ['tiff', () => stored().tiff({ compression: 'none', tile: true })],
  ])('%s without loss gives the very pixels', async (format, encode) => {
    const loaded = await load(await encode().toBuffer());
    expect(loaded).toMatchObject({ format, alpha: null, pixels: { width: WIDTH, height: HEIGHT } });
    expect(bytes(loaded.pixels.data)).toEqual(bytes(picture.data));
  });

  it.each([
    ['jpeg', () => plain(200, 50, 50).jpeg()],
    ['jpeg', () => plain(200, 50, 50).jpeg({ progressive: true })],
    ['avif', () => plain(200, 50, 50).avif()],
    ['gif', () => plain(200, 50, 50).gif()],
  ])('%s gives the colour', async (format, encode) => {
    const encoded = await encode().toBuffer();
    expect(farthest(await colourOf(encoded), [200, 50, 50])).toBeLessThanOrEqual(3);
    expect(await load(encoded)).toMatchObject({ format, alpha: null });
  });

  it.each(['gif', 'webp', 'tiff'] as const)('a %s of several frames gives its first', async (format) => {
    const frames = Uint8Array.from({ length: 16 * 32 * 3 }, (_, i) => (i < 16 * 16 * 3 ? 200 : 20));
    const options = format === 'webp' ? { lossless: true } : format === 'tiff' ? { compression: 'none' as const } : {};
    const raw = { width: 16, height: 32, channels: 3 as const, pageHeight: 16 };
    const encoded = await sharp(frames, { raw }).toFormat(format, options).toBuffer();
    expect((await sharp(encoded).metadata()).pages).toBe(2);
    expect(await load(encoded)).toMatchObject({ frames: 2, pixels: { width: 16, height: 16 } });
    expect(await colourOf(encoded)).toEqual([200, 200, 200]);
  });

  it.each([
    [1, 1],
    [1, 9],
    [9, 1],
  ])('%i×%i', async (width, height) => {
    const tiny = rgb(width, height);
    const loaded = await load(await ofRaw(tiny.data, width, height).png().toBuffer());
    expect(loaded.pixels).toMatchObject({ width, height });
    expect(bytes(loaded.pixels.data)).toEqual(bytes(tiny.data));
  });
});

describe('EXIF orientation', () => {
  const [w, h] = [WIDTH - 1, HEIGHT - 1];
  /** Where the upright pixel (x, y) is stored: Exif 2.3, tag 0x0112. */
  const storedAt: Record<number, (x: number, y: number) => [number, number]> = {
    1: (x, y) => [x, y],
    2: (x, y) => [w - x, y],
    3: (x, y) => [w - x, h - y],
    4: (x, y) => [x, h - y],
    5: (x, y) => [y, x],
    6: (x, y) => [y, w - x],
    7: (x, y) => [h - y, w - x],
    8: (x, y) => [h - y, x],
  };
  /** The picture as a camera that was held so would have stored it. */
  const turned = (orientation: number): Sharp => {
    const [width, height] = orientation > 4 ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
    const data = new Uint8Array(picture.data.length);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const [column, row] = storedAt[orientation]!(x, y);
        const from = (y * WIDTH + x) * 3;
        data.set(picture.data.subarray(from, from + 3), (row * width + column) * 3);
      }
    }
    return ofRaw(data, width, height).withMetadata({ orientation });
  };

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('%i is undone', async (orientation) => {
    for (const encode of [turned(orientation).png(), turned(orientation).webp({ lossless: true })]) {
      const { pixels } = await load(await encode.toBuffer());
      expect(pixels).toMatchObject({ width: WIDTH, height: HEIGHT });
      expect(bytes(pixels.data)).toEqual(bytes(picture.data));
    }
  });

  it.each(['jpeg', 'tiff', 'avif'] as const)('is read from %s', async (format) => {
    const { pixels } = await load(await turned(6).toFormat(format).toBuffer());
    expect(pixels).toMatchObject({ width: WIDTH, height: HEIGHT });
  });
});

describe('alpha', () => {
  const rgba = pattern(WIDTH, HEIGHT, 4);
  rgba[3] = 0;
  const colours = rgba.filter((_, i) => i % 4 !== 3);
  const alpha = rgba.filter((_, i) => i % 4 === 3);

  it('is split off, and the colour beneath transparent pixels stays as stored', async () => {
    const loaded = await load(await ofRaw(rgba, WIDTH, HEIGHT).png().toBuffer());
    expect(bytes(loaded.pixels.data)).toEqual(bytes(colours));
    expect(loaded.alpha).toMatchObject({ width: WIDTH, height: HEIGHT });
    expect(bytes(loaded.alpha!.data)).toEqual(bytes(alpha));
  });

  it('is turned with the picture', async () => {
    const upright = await load(await ofRaw(rgba, WIDTH, HEIGHT).png().toBuffer());
    const rotated = await ofRaw(rgba, WIDTH, HEIGHT).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    expect((await load(rotated)).alpha).toEqual(upright.alpha);
  });

  it('of greyscale, palette and 16-bit pictures is found', async () => {
    const grey = await ofRaw(pattern(8, 8, 2), 8, 8)
      .png()
      .toBuffer();
    expect(bytes((await load(grey)).alpha!.data)).toEqual(bytes(pattern(8, 8, 2).filter((_, i) => i % 2 === 1)));
    const halves = Uint8Array.from({ length: 8 * 8 * 4 }, (_, i) => (i < 128 ? 255 : 0));
    const palette = await ofRaw(halves, 8, 8).png({ palette: true }).toBuffer();
    expect((await sharp(palette).metadata()).isPalette).toBe(true);
    const deep = await ofRaw(halves, 8, 8).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    for (const encoded of [palette, deep]) {
      expect(bytes((await load(encoded)).alpha!.data)).toEqual(bytes(halves.filter((_, i) => i % 4 === 3)));
    }
  });

  it('that is opaque everywhere is none', async () => {
    expect((await load(await stored().ensureAlpha().png().toBuffer())).alpha).toBeNull();
  });
});

describe('colour becomes 8-bit sRGB', () => {
  const red = [200, 50, 50];

  it('16 bits keep their upper 8, as Pillow does', async () => {
    const deep = Uint16Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 65536);
    const raw = { width: 32, height: 32, channels: 3 as const, depth: 'ushort' as const };
    const upper = bytes(Uint8Array.from(deep, (value) => value >> 8));
    const made = (): Sharp => sharp(deep, { raw }).toColourspace('rgb16');
    for (const encoded of [made().png(), made().tiff({ compression: 'deflate' })]) {
      const file = await encoded.toBuffer();
      expect((await sharp(file).metadata()).depth).toBe('ushort');
      expect(bytes((await load(file)).pixels.data)).toEqual(upper);
    }
  });

  it('greyscale of 8 and 16 bits is three equal channels', async () => {
    const grey = Uint8Array.from({ length: 256 }, (_, i) => i);
    const expected = bytes(grey).flatMap((value) => [value, value, value]);
    const made = (): Sharp => ofRaw(grey, 16, 16);
    for (const encoded of [made().toColourspace('b-w').png(), made().toColourspace('grey16').png()]) {
      expect(bytes((await load(await encoded.toBuffer())).pixels.data)).toEqual(expected);
    }
  });

  it.each([
    ['JPEG', (cmyk: Sharp) => cmyk.jpeg()],
    ['TIFF', (cmyk: Sharp) => cmyk.tiff({ compression: 'deflate' })],
    ['TIFF with its profile', (cmyk: Sharp) => cmyk.withIccProfile('cmyk').tiff({ compression: 'deflate' })],
  ])('CMYK from %s', async (_, encode) => {
    const encoded = await encode(plain(200, 50, 50).toColourspace('cmyk')).toBuffer();
    expect((await sharp(encoded).metadata()).space).toBe('cmyk');
    // Printing inks do not reach every colour: libvips' own profile loses up to 20 of 255 here.
    expect(farthest(await colourOf(encoded), red)).toBeLessThanOrEqual(25);
  });

  it('Lab', async () => {
    const encoded = await plain(200, 50, 50).toColourspace('lab').tiff({ compression: 'deflate' }).toBuffer();
    expect((await sharp(encoded).metadata()).space).toBe('lab');
    expect(farthest(await colourOf(encoded), red)).toBeLessThanOrEqual(2);
  });

  it.each([8, 16])('Display P3 of %i bits is moved to sRGB', async (depth) => {
    const wide = plain(200, 50, 50).withIccProfile('p3');
    const encoded = await (depth === 16 ? wide.toColourspace('rgb16') : wide).png().toBuffer();
    const numbers = await sharp(encoded, { ignoreIcc: true }).raw({ depth: 'uchar' }).toBuffer();
    expect(farthest(bytes(numbers.subarray(0, 3)), red)).toBeGreaterThan(10);
    expect(farthest(await colourOf(encoded), red)).toBeLessThanOrEqual(1);
  });

  it.each([8, 16])('sRGB of %i bits that says so is left as it is', async (depth) => {
    const tagged = plain(200, 50, 50).withIccProfile('srgb');
    const encoded = await (depth === 16 ? tagged.toColourspace('rgb16') : tagged).png().toBuffer();
    expect(farthest(await colourOf(encoded), red)).toBeLessThanOrEqual(depth === 16 ? 1 : 0);
  });
});

describe('refuses', () => {
  const undecodable = {
    code: 'IMAGE_UNDECODABLE',
    message: expect.stringMatching(/^cat\.png is damaged.*save it again/) as string,
  };
  const noisy = (): Sharp => ofRaw(pattern(128, 128, 3), 128, 128);

  it.each([
    ['png', () => noisy().png()],
    ['interlaced png', () => noisy().png({ progressive: true })],
    ['jpeg', () => noisy().jpeg()],
    ['progressive jpeg', () => noisy().jpeg({ progressive: true })],
    ['webp', () => noisy().webp()],
    ['tiff', () => noisy().tiff()],
    ['avif', () => noisy().avif()],
    ['gif', () => noisy().gif()],
  ])('a cut %s', async (_, encode) => {
    const encoded = await encode().toBuffer();
    for (const share of [0.01, 0.5, 0.95]) {
      await expect(load(encoded.subarray(0, encoded.length * share))).rejects.toMatchObject(undecodable);
    }
  });

  it.each([
    ['a text named .png', 'a cat, sitting on a mat'],
    ['nothing', ''],
  ])('%s', async (_, text) => {
    await expect(load(Buffer.from(text))).rejects.toMatchObject(undecodable);
  });

  it('SVG before sharp parses it', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
    await expect(sharp(svg).metadata()).rejects.toThrow('unsupported image format');
  });

  it('a changed byte in a PNG', async () => {
    const encoded = await noisy().png().toBuffer();
    encoded[encoded.length >> 1]! ^= 0xff;
    await expect(load(encoded)).rejects.toMatchObject(undecodable);
  });

  it('20 000×20 000 pixels by the header alone', async () => {
    await expect(load(pngHeader(20_000, 20_000))).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining('cat.png has 20000×20000 pixels') as string,
    });
  });

  it('a header that lies about a small size', async () => {
    await expect(load(pngHeader(200, 200))).rejects.toMatchObject(undecodable);
  });
});

it('a JPEG with stray bytes between its markers is sound enough', async () => {
  const encoded = await plain(200, 50, 50).jpeg().toBuffer();
  const marker = encoded.indexOf(Buffer.from([0xff, 0xdb]));
  const stray = Buffer.concat([encoded.subarray(0, marker), Buffer.from([0, 1, 2]), encoded.subarray(marker)]);
  expect(farthest(await colourOf(stray), [200, 50, 50])).toBeLessThanOrEqual(3);
});
