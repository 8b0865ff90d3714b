import { withoutPngTexts } from '#src/media/image/without-png-texts.js';
import { chunk, iTXt, jpeg, png, tEXt, zTXt } from '../metadata/build-pictures.js';

const exif = chunk('eXIf', 'MM');
const density = chunk('pHYs', Buffer.alloc(9));
const texts = [tEXt('a', 'b'), zTXt('c', Buffer.from('d')), iTXt('e', 'f'), iTXt('g', 'h', true)];
const HEAD_BYTES = png([]).indexOf('IDAT') - 4;

it.each([
  ['first', png([...texts, exif]), png([exif])],
  ['last', png([exif, ...texts]), png([exif])],
  ['between other chunks', png([texts[0]!, exif, texts[1]!, density, texts[2]!]), png([exif, density])],
])('takes texts away that stand %s before the pixels, and nothing else', (_where, picture, expected) => {
  expect(Buffer.from(withoutPngTexts(picture))).toEqual(expected);
});

it('gives back the same bytes where there is nothing to take away', () => {
  const same = [png([exif]), png([], texts), jpeg(null), Buffer.from('words'), Buffer.alloc(0)];
  for (const bytes of same) expect(withoutPngTexts(bytes)).toBe(bytes);
});

it('keeps a file cut that is cut', () => {
  const [text] = texts;
  const whole = png([text!, exif, zTXt('k', Buffer.alloc(500, 'é'))]);
  for (let length = 0; length < whole.length; length++) {
    const isTaken = length >= HEAD_BYTES + text!.length;
    const cut = withoutPngTexts(whole.subarray(0, length));
    expect(cut.length <= (isTaken ? length - text!.length : length)).toBe(true);
    expect(Buffer.from(cut)).not.toEqual(png([exif]));
  }
});

it('ends a file whose pixels are behind more chunks than anybody writes', () => {
  const small = chunk('aaAa', '');
  const many = png(new Array<Buffer>(10_001).fill(small));
  expect(withoutPngTexts(many).length).toBe(HEAD_BYTES + 9_999 * small.length);
});

it.each([
  ['small texts', tEXt('a', '')],
  ['small texts between small chunks', Buffer.concat([tEXt('a', ''), chunk('aaAa', '')])],
  ['large texts', tEXt('a', 'x'.repeat(5000))],
])('takes time in proportion to the file: %s', (_what, unit) => {
  const took = (bytes: number): number => {
    const picture = png(new Array<Buffer>(Math.floor(bytes / unit.length)).fill(unit));
    const start = process.cpuUsage();
    for (let times = 0; times < 100; times++) withoutPngTexts(picture);
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  took(2 ** 14);
  expect(took(2 ** 17)).toBeLessThan(40 * took(2 ** 14) + 50_000);
});
