import sharp from 'sharp';
import { preparePicture } from '#src/run/batch/prepare-row.js';
import { ROW } from '../results/records.js';

it.each([
  ['gif', 3, ['It has 3 frames; only the first is refined.']],
  ['tiff', 2, ['It has 2 pages; only the first is refined.']],
  ['gif', 1, []],
] as const)('says what is lost of a %s with %p frames', async (format, frames, warnings) => {
  const data = Uint8Array.from(
    { length: 16 * 16 * frames * 3 },
    (_, at) => (at * 37 + Math.floor(at / 768) * 90) % 256,
  );
  const raw = { width: 16, height: 16 * frames, channels: 3 as const, ...(frames > 1 ? { pageHeight: 16 } : {}) };
  const picture = await sharp(data, { raw }).toFormat(format).toBuffer();
  expect((await preparePicture(ROW, picture)).warnings).toEqual(warnings);
});
