import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { makePreview } from '#src/app/compare/picture-preview.js';
import { ofRaw, pattern } from '../../media/image/pictures.js';
import { folder } from '../../run/results/records.js';

const here = folder();
const write = async (name: string, picture: Sharp): Promise<{ kind: 'file'; path: string }> => {
  await picture.toFile(join(here, name));
  return { kind: 'file', path: join(here, name) };
};
const embed = { maxSide: 100, linkFrom: null };
const link = { maxSide: 100, linkFrom: join(here, 'pages') };

describe('showPicture', () => {
  it('embeds a small picture exactly', async () => {
    const source = await write('small.png', ofRaw(pattern(40, 30, 3), 40, 30));
    const { side, size, webp } = await makePreview(source, 'small', embed);
    expect(side).toEqual({ kind: 'embedded' });
    expect(size).toMatchObject({ width: 40, height: 30 });
    expect(Array.from(await sharp(webp!).removeAlpha().raw().toBuffer())).toEqual(Array.from(pattern(40, 30, 3)));
  });

  it('embeds a large one smaller, and knows its size', async () => {
    const source = await write('large.png', ofRaw(pattern(400, 200, 3), 400, 200));
    const { size, webp } = await makePreview(source, 'large', embed);
    expect(size).toMatchObject({ width: 400, height: 200 });
    expect(await sharp(webp!).metadata()).toMatchObject({ format: 'webp', width: 100, height: 50 });
  });

  it('links to a file from the page, whatever its name', async () => {
    const source = await write('50% #1?.png', ofRaw(pattern(8, 8, 3), 8, 8));
    const { side, webp } = await makePreview(source, 'odd', link);
    expect(side).toEqual({ kind: 'linked', url: '../50%25%20%231%3F.png' });
    expect(webp).toBeNull();
  });

  it('embeds what browsers do not show, though links are asked for', async () => {
    const source = await write('scan.tiff', ofRaw(pattern(8, 8, 3), 8, 8).tiff());
    expect((await makePreview(source, 'scan', link)).side).toEqual({ kind: 'embedded' });
  });

  it('makes tiles of one side, crisp where they are enlarged', async () => {
    const source = await write('two.png', ofRaw(new Uint8Array([0, 0, 0, 255, 255, 255]), 2, 1));
    const { tile } = await makePreview(source, 'two', embed);
    const { png, width, height } = await tile!(20);
    expect([width, height]).toEqual([20, 10]);
    expect(new Set(await sharp(png).raw().toBuffer())).toEqual(new Set([0, 255]));
  });

  it('has a note instead of a picture that is damaged or gone', async () => {
    writeFileSync(join(here, 'text.png'), 'no picture');
    const damaged = await makePreview({ kind: 'file', path: join(here, 'text.png') }, 'text.png', embed);
    expect(damaged.side).toEqual({
      kind: 'missing',
      note: expect.stringMatching(/^text\.png is damaged, truncated, or not/),
    });
    const gone = await makePreview({ kind: 'file', path: join(here, 'gone.png') }, 'gone.png', embed);
    expect(gone.side).toEqual({ kind: 'missing', note: expect.stringContaining('There is no picture at') });
    expect(gone.tile).toBeNull();
  });
});
