import { open } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { isCompletePicture } from '#src/media/image/is-complete.js';
import { goldenData } from '../../../support/golden.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const folder = temporaryFolder();
const isWhole = async (bytes: Uint8Array, name: string): Promise<boolean> => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const handle = await open(path);
  try {
    return await isCompletePicture(handle, bytes.length, path);
  } finally {
    await handle.close();
  }
};

describe.each(['png', 'jpeg', 'jpg', 'webp', 'avif', 'tiff', 'tif'] as const)('a file of %s', (format) => {
  const name = `a.${format}`;
  let bytes: Buffer;
  beforeAll(async () => {
    const kind = format === 'jpg' ? 'jpeg' : format === 'tif' ? 'tiff' : format;
    bytes = await sharp(goldenData('images/square-64.png')).toFormat(kind).keepMetadata().toBuffer();
  });

  it('is whole as it was written', async () => {
    expect(await isWhole(bytes, name)).toBe(true);
    expect(await isWhole(bytes, name.toUpperCase())).toBe(true);
  });

  it('is not, cut short anywhere', async () => {
    const lengths = [
      0,
      1,
      2,
      7,
      8,
      12,
      15,
      16,
      17,
      ...Array.from({ length: 40 }, (_, at) => Math.floor((bytes.length * at) / 40)),
    ];
    for (const length of [...lengths, bytes.length - 2, bytes.length - 1]) {
      expect([length, await isWhole(bytes.subarray(0, length), name)]).toEqual([length, false]);
    }
  });

  it('is not, of another format or of nothing but zeros', async () => {
    expect(await isWhole(Buffer.alloc(bytes.length), name)).toBe(false);
    expect(await isWhole(Buffer.from('a text that is long enough to be looked at'), name)).toBe(false);
  });
});
