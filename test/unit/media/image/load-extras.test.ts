/** What a picture has beside its colours. */
import { encodePicture } from '#src/media/image/encode-picture.js';
import { loadPicture } from '#src/media/image/load-picture.js';
import { chunk } from '../metadata/build-pictures.js';
import { ofRaw, plain } from './pictures.js';

it.each([300, 72, 1_717_987])(
  'a resolution of %d pixels per inch never fails the picture that keeps it',
  async (density) => {
    const encoded = await plain(200, 50, 50).png().toBuffer();
    const physical = Buffer.alloc(9);
    const perMetre = Math.round(density / 0.0254);
    physical.writeUInt32BE(perMetre, 0);
    physical.writeUInt32BE(perMetre, 4);
    physical[8] = 1;
    const dense = Buffer.concat([encoded.subarray(0, 33), chunk('pHYs', physical), encoded.subarray(33)]);
    const { pixels, ...loaded } = await loadPicture(dense, 'cat.png');
    expect(loaded.density).toBe(density === 300 ? 300 : null);
    for (const format of ['png', 'jpeg', 'webp', 'avif', 'tiff'] as const) {
      const encoding = { format, bitDepth: 8, quality: null, metadata: true } as const;
      expect((await encodePicture(pixels, encoding, loaded)).length).toBeGreaterThan(0);
    }
  },
);

it('a picture with one transparent pixel at its end has alpha, an opaque one has none', async () => {
  const data = new Uint8Array(300 * 300 * 4).fill(255);
  expect((await loadPicture(await ofRaw(data, 300, 300).png().toBuffer(), 'x')).alpha).toBeNull();
  data[data.length - 1] = 254;
  expect((await loadPicture(await ofRaw(data, 300, 300).png().toBuffer(), 'x')).alpha?.data.at(-1)).toBe(254);
});
