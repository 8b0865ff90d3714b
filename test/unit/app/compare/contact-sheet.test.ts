import sharp from 'sharp';
import { contactSheet, layOut, TILE_SIDE, type SheetPair } from '#src/app/compare/contact-sheet.js';
import { encodeTile } from '#src/media/image/preview.js';
import { plain } from '../../media/image/pictures.js';
import { okRecord } from '../../run/results/records.js';

const tile = async (red: number, green: number, blue: number): Promise<SheetPair['after']> =>
  encodeTile(await plain(red, green, blue).png().toBuffer(), 'plain', TILE_SIDE);

const pairsOf = async (count: number, prompt = 'a cat'): Promise<SheetPair[]> => {
  const [before, after] = await Promise.all([tile(255, 0, 0), tile(0, 0, 255)]);
  const record = { ...okRecord(), prompt };
  return Array.from({ length: count }, () => ({ record, before, after }));
};

const pixelAt = async (png: Uint8Array, left: number, top: number): Promise<number[]> =>
  Array.from(await sharp(png).extract({ left, top, width: 1, height: 1 }).raw().toBuffer());

describe('the contact sheet', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 2],
    [5, 3],
    [24, 3],
  ])('puts %i pairs in %i columns, inside its edges', async (count, columns) => {
    const { width, height, pictures, texts } = layOut(await pairsOf(count), 'heading');
    expect(new Set(pictures.map(({ left }) => left)).size).toBe(2 * columns);
    expect(pictures).toHaveLength(2 * count);
    expect(width).toBeLessThanOrEqual(1600);
    for (const { left, top } of pictures) {
      expect(left + TILE_SIDE).toBeLessThan(width);
      expect(top + TILE_SIDE).toBeLessThan(height);
    }
    for (const text of texts) expect(text.top + text.height).toBeLessThan(height);
  });

  it('draws the input left of the output, and grey where there is none', async () => {
    const pairs = await pairsOf(2);
    const png = await contactSheet([pairs[0]!, { ...pairs[1]!, before: null }], '2 pictures');
    const { pictures, boxes } = layOut([pairs[0]!, { ...pairs[1]!, before: null }], '');
    const [first, second] = pictures;
    expect(await pixelAt(png, first!.left, first!.top)).toEqual([255, 0, 0]);
    expect(await pixelAt(png, second!.left + TILE_SIDE - 1, second!.top + TILE_SIDE - 1)).toEqual([0, 0, 255]);
    expect(await pixelAt(png, boxes[0]!.left, boxes[0]!.top)).toEqual([236, 236, 240]);
  });

  it.each(['</span> & <b>', '\u0000\u0007\ud800', '', 'word '.repeat(400), '漢'.repeat(400), '<'.repeat(400)])(
    'takes any prompt for text: %j',
    async (prompt) => {
      const png = await contactSheet(await pairsOf(1, prompt), '&');
      expect((await sharp(png).metadata()).width).toBe(548);
    },
  );

  it('shortens a prompt at a word', async () => {
    const { texts } = layOut(await pairsOf(1, 'seven letters '.repeat(20)), '');
    expect(texts.at(-1)!.paragraphs[0]!.text).toMatch(/(seven|letters)…$/);
    expect(texts.at(-1)!.paragraphs[1]!.text).toBe('x  ·  strength 0.3  ·  steps 15 of 50');
  });
});
