import { readClassifierPixels, type ClassifierSize } from '#src/media/image/classifier-pixels.js';
import { ofRaw } from './pictures.js';

/** White, so that added zeros show. */
const png = (width: number, height: number): Promise<Buffer> =>
  ofRaw(new Uint8Array(width * height * 3).fill(255), width, height)
    .png()
    .toBuffer();
const read = async (width: number, height: number, size: Omit<ClassifierSize, 'kernel'>) =>
  readClassifierPixels(await png(width, height), { ...size, kernel: 'nearest' });

it.each([
  [1000, 667, 335, 224],
  [667, 1000, 224, 335],
  [300, 300, 224, 224],
  [100, 50, 448, 224],
])('the shorter side of %d×%d becomes 224, the other is cut to a whole number', async (width, height, across, down) => {
  expect(await read(width, height, { resize: { shortest: 224 }, crop: null })).toMatchObject({
    width: across,
    height: down,
  });
});

it('adds zeros around what is smaller than the crop, more of them before', async () => {
  const crop = { width: 5, height: 4 };
  const { data, width, height } = await read(8, 8, { resize: { width: 2, height: 9 }, crop });
  expect([width, height]).toEqual([5, 4]);
  const row = Array.from({ length: 5 }, (_, x) => data[x * 3]);
  expect(row).toEqual([0, 0, 255, 255, 0]);
});

it('refuses a strip that would need gigabytes, and crops it where there is a crop', async () => {
  const strip = read(1, 16_384, { resize: { shortest: 224 }, crop: null });
  await expect(strip).rejects.toMatchObject({
    code: 'IMAGE_TOO_LARGE',
    message: expect.stringContaining('224×3670016'),
  });
  const crop = { width: 224, height: 224 };
  expect(await read(1, 2000, { resize: { shortest: 224 }, crop })).toMatchObject({ width: 224, height: 224 });
});
