import sharp from 'sharp';
import { encodePng } from '#src/image/encode-png.js';
import { fitPicture } from '#src/image/fit.js';
import { loadPicture } from '#src/image/load-picture.js';
import { bytes, ofRaw, pattern, rgb } from './pictures.js';

test('writes 8-bit RGB without metadata', async () => {
  const encoded = await encodePng(rgb(13, 7), null);
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

test('scales an alpha of another size to the picture', async () => {
  const halves = Uint8Array.from({ length: 75 * 53 }, (_, i) => (i % 75 < 37 ? 0 : 255));
  const encoded = await encodePng(rgb(72, 48), { data: halves, width: 75, height: 53 });
  const { pixels, alpha } = await loadPicture(encoded, 'out.png');
  expect(bytes(pixels.data)).toEqual(bytes(rgb(72, 48).data));
  expect(alpha).toMatchObject({ width: 72, height: 48 });
  for (let y = 0; y < 48; y++) {
    expect([...alpha!.data.subarray(y * 72, y * 72 + 30)].every((value) => value <= 1)).toBe(true);
    expect([...alpha!.data.subarray(y * 72 + 42, y * 72 + 72)].every((value) => value >= 254)).toBe(true);
  }
});

describe('a picture that nobody refines comes out as it went in', () => {
  const sizes = [1, 3, 8, 13, 64].flatMap((width) => [1, 7, 8, 17].map((height) => [width, height] as const));
  const channels = { RGB: 3, RGBA: 4 };
  const cases = sizes.flatMap((size) =>
    Object.entries(channels).map(([name, count]) => [...size, name, count] as const),
  );

  test.each(cases)('%i×%i %s', async (width, height, _, count) => {
    const data = pattern(width, height, count);
    // Alpha that is opaque everywhere is not kept.
    if (count === 4) data[3] = 100;
    const loaded = await loadPicture(await ofRaw(data, width, height).png().toBuffer(), 'in.png');
    const { pixels, restore } = await fitPicture(loaded.pixels, 'pad');
    const encoded = await encodePng(restore(pixels), loaded.alpha);
    const out = await sharp(encoded).raw().toBuffer({ resolveWithObject: true });
    expect(out.info).toMatchObject({ width, height, channels: count });
    expect(bytes(out.data)).toEqual(bytes(data));
  });
});
