import { cropPicture, fitPicture } from '#src/media/image/fit.js';
import { bytes, rgb } from './pictures.js';

it.each(['pad', 'resize'] as const)('%s leaves multiples of 8 as they are', async (fit) => {
  const picture = rgb(16, 24);
  const fitted = await fitPicture(picture, fit);
  expect(fitted.pixels).toBe(picture);
  expect(fitted.crop).toBeNull();
});

it.each([
  [1, 1],
  [7, 9],
  [8, 9],
  [13, 16],
  [75, 53],
])('pad repeats the last column and row of %i×%i, and crop removes them', async (width, height) => {
  const picture = rgb(width, height);
  const { pixels, crop } = await fitPicture(picture, 'pad');
  expect([pixels.width, pixels.height]).toEqual([width, height].map((side) => Math.ceil(side / 8) * 8));
  expect(pixels.data).toHaveLength(pixels.width * pixels.height * 3);
  const expected = Uint8Array.from(pixels.data, (_, i) => {
    const x = Math.min(width - 1, Math.floor(i / 3) % pixels.width);
    const y = Math.min(height - 1, Math.floor(i / 3 / pixels.width));
    return picture.data[(y * width + x) * 3 + (i % 3)]!;
  });
  expect(bytes(pixels.data)).toEqual(bytes(expected));
  const restored = cropPicture(pixels, crop);
  expect([restored.width, restored.height]).toEqual([width, height]);
  expect(bytes(restored.data)).toEqual(bytes(picture.data));
});

it.each([
  [75, 53, 72, 48],
  [64, 71, 64, 64],
  [1030, 15, 1024, 8],
  [5, 3, 8, 8],
])('resize brings %i×%i to %i×%i', async (width, height, toWidth, toHeight) => {
  const { pixels, crop } = await fitPicture(rgb(width, height), 'resize');
  expect([pixels.width, pixels.height]).toEqual([toWidth, toHeight]);
  expect(pixels.data).toHaveLength(toWidth * toHeight * 3);
  expect(cropPicture(pixels, crop)).toBe(pixels);
});

it('resize keeps a plain colour', async () => {
  const data = Uint8Array.from({ length: 75 * 53 * 3 }, (_, i) => [9, 120, 250][i % 3]!);
  const { pixels } = await fitPicture({ data, width: 75, height: 53 }, 'resize');
  expect(pixels.data.every((value, i) => value === [9, 120, 250][i % 3])).toBe(true);
});

it('a picture smaller than the crop is an error', async () => {
  const { crop } = await fitPicture(rgb(13, 7), 'pad');
  expect(() => cropPicture(rgb(8, 8), crop)).toThrow(expect.objectContaining({ code: 'INTERNAL' }) as Error);
});
