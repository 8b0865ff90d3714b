/** What previews and tiles show is what is refined. */
import sharp from 'sharp';
import { loadPicture } from '#src/media/image/load-picture.js';
import { encodePreview, encodeTile } from '#src/media/image/preview.js';

const SIDE = 64;
const colourOf = async (picture: Uint8Array): Promise<number[]> => [
  ...(await sharp(picture).removeAlpha().raw().toBuffer()).subarray(0, 3),
];

/** A saturated green, which profiles move far. */
const green = (depth: 8 | 16, profile: string | null): Promise<Buffer> => {
  const samples = [20_000, 60_000, 10_000];
  const deep = Uint16Array.from({ length: SIDE * SIDE * 3 }, (_, at) => samples[at % 3]!);
  const data = depth === 16 ? deep : Uint8Array.from(deep, (sample) => sample >> 8);
  const image = sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } });
  if (depth === 16) image.toColourspace('rgb16');
  return (profile === null ? image : image.withIccProfile(profile)).png().toBuffer();
};

it.each(([8, 16] as const).flatMap((depth) => [null, 'srgb', 'p3'].map((profile) => [depth, profile] as const)))(
  '%d bits with the profile %s have the colours of the picture that is loaded',
  async (depth, profile) => {
    const picture = await green(depth, profile);
    const { pixels } = await loadPicture(picture, 'x');
    const loaded = [...pixels.data.subarray(0, 3)];
    const { webp } = await encodePreview(picture, 'x', SIDE);
    const { png } = await encodeTile(picture, 'x', 2 * SIDE);
    for (const shown of [webp, png]) {
      const colour = await colourOf(shown);
      for (const [at, value] of colour.entries()) expect(Math.abs(value - loaded[at]!)).toBeLessThanOrEqual(1);
      expect((await sharp(shown).metadata()).icc).toBeUndefined();
    }
  },
);
