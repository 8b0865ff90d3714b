import sharp from 'sharp';
import { type EmbeddedText, readEmbeddedText } from '#src/media/metadata/read-embedded-text.js';
import { xmpUserComment } from '#src/media/metadata/containers/xmp-user-comment.js';
import {
  chunk,
  exifComment,
  gif,
  iTXt,
  jpeg,
  png,
  tEXt,
  tiff,
  unicode,
  USER_COMMENT,
  utf16,
  warned,
  webp,
} from './build-pictures.js';

const read = (picture: Uint8Array): EmbeddedText | null => warned((warn) => readEmbeddedText(picture, warn)).value;
const TEXT = 'Schnee im März, 山\nSteps: 20';

it.each<[form: string, value: Buffer]>([
  ['UNICODE, big endian', unicode(TEXT, 'BE')],
  ['UNICODE, little endian', unicode(TEXT, 'LE')],
  ['UNICODE with a mark, big endian', unicode(`\ufeff${TEXT}`, 'BE')],
  ['UNICODE with a mark, little endian', unicode(`\ufeff${TEXT}`, 'LE')],
  ['ASCII that is UTF-8', Buffer.concat([Buffer.from('ASCII\0\0\0'), Buffer.from(TEXT)])],
  ['UTF8', Buffer.concat([Buffer.from('UTF8\0\0\0\0'), Buffer.from(TEXT)])],
  ['undefined', Buffer.concat([Buffer.alloc(8), Buffer.from(TEXT)])],
  ['no character set', Buffer.from(TEXT)],
  ['NULs at the end', Buffer.from(`${TEXT}\0\0`)],
  ['half a character at the end', Buffer.concat([unicode(TEXT, 'BE'), Buffer.from([0])])],
])('UserComment: %s', (_form, value) => {
  const types = [2, 7] as const;
  for (const type of types) {
    for (const littleEndian of [false, true]) {
      const entry = { tag: USER_COMMENT, type, value };
      for (const exif of [tiff([], [entry], littleEndian), tiff([entry], [], littleEndian)]) {
        for (const picture of [jpeg(exif), webp(exif), png([chunk('eXIf', exif)])]) {
          expect(read(picture)?.exif?.userComments).toEqual([TEXT]);
        }
      }
    }
  }
});

it.each<[form: string, value: Buffer, text: string]>([
  ['JIS with escapes', Buffer.from('JIS\0\0\0\0\0a \x1b$B;3\x1b(B', 'latin1'), 'a 山'],
  ['Shift-JIS', Buffer.from('JIS\0\0\0\0\0a \x8eR', 'latin1'), 'a 山'],
  ['UTF-8 as JIS', Buffer.from('JIS\0\0\0\0\0a 山'), 'a 山'],
  ['a set that is not known', Buffer.from('Latin1\0\0a fox'), 'a fox'],
  ['another case', Buffer.concat([Buffer.from('Unicode\0'), utf16('a fox', 'LE')]), 'a fox'],
  ['UTF-8 as UNICODE', Buffer.from('UNICODE\0a fox\nSteps: 20, Seed: 5'), 'a fox\nSteps: 20, Seed: 5'],
  ['a short text with NULs', Buffer.from('cat\0\0\0\0\0'), 'cat'],
  ['eight letters', Buffer.from('portrait of a cat'), 'portrait of a cat'],
])('UserComment: %s', (_form, value, text) => {
  expect(read(jpeg(exifComment(value)))?.exif?.userComments).toEqual([text]);
});

it('the UserComment of a TIFF, and comments of JPEG and GIF', async () => {
  expect(read(exifComment(unicode(TEXT, 'LE')))).toMatchObject({ container: 'tiff', exif: { userComments: [TEXT] } });
  expect(read(jpeg(null, '', TEXT))?.comments).toEqual([TEXT]);
  const long = 'a fox, '.repeat(100);
  const picture = gif([TEXT], [long]);
  expect(read(picture)?.comments).toEqual([TEXT, long]);
  await expect(sharp(picture).metadata()).resolves.toMatchObject({ format: 'gif', width: 1 });
  for (let length = 0; length < picture.length; length++) expect(() => read(picture.subarray(0, length))).not.toThrow();
});

it.each<[what: string, bytes: Buffer, text: string, said: string | null]>([
  ['UTF-8', Buffer.from('a fox 山 🦊'), 'a fox 山 🦊', null],
  ['Latin-1', Buffer.from('un h\xe9ron, \xe5\xe4\xf6', 'latin1'), 'un héron, åäö', null],
  ['a pair of surrogates in UTF-8', Buffer.from('a \xed\xa0\xbe\xed\xb6\x8a', 'latin1'), 'a 🦊', null],
  ['half of one', Buffer.from('caf\xc3\xa9 \xed\xa0\xbe owl', 'latin1'), 'café \ufffd owl', 'U+FFFD'],
  ['a text cut in a character', Buffer.from('山の朝に立つ木').subarray(0, -1), '山の朝に立つ\ufffd', 'U+FFFD'],
  ['GBK', Buffer.from('\xd2\xbb\xd6\xbb\xb2\xd4\xf0\xd8', 'latin1'), 'Ò»Ö»²ÔðØ', 'GBK'],
  ['Windows-1252', Buffer.from('a \x93big\x94 fox', 'latin1'), 'a “big” fox', 'Windows-1252'],
])('encoding: %s', (_what, bytes, text, said) => {
  const { value, warnings } = warned((warn) => readEmbeddedText(png([tEXt('Title', bytes)]), warn));
  expect(value?.texts).toEqual([{ keyword: 'Title', text }]);
  expect(warnings).toEqual(said === null ? [] : [expect.stringContaining(said)]);
});

it('text without a zero byte is big endian', () => {
  expect(read(jpeg(exifComment(unicode('山山', 'BE'))))?.exif?.userComments).toEqual(['山山']);
  expect(utf16('山', 'BE')).toEqual(Buffer.from([0x5c, 0x71]));
});

it("IFD0's texts", () => {
  const entries = [
    [0x010e, 'what it shows'],
    [0x010f, 'workflow:{}'],
    [0x0110, 'prompt:{}'],
    [0x0131, 'Fooocus v2.5.5'],
  ] as const;
  const main = entries.map(([tag, text]) => ({ tag, type: 2 as const, value: Buffer.from(`${text}\0`) }));
  expect(read(webp(tiff(main)))?.exif).toEqual({
    userComments: [],
    imageDescription: 'what it shows',
    make: 'workflow:{}',
    model: 'prompt:{}',
    software: 'Fooocus v2.5.5',
  });
});

it('EXIF as sharp writes it, in every container', async () => {
  const image = sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } });
  const withText = image.withExif({ IFD0: { Model: 'prompt:{"a":1}' }, IFD2: { UserComment: 'a fox' } });
  for (const format of ['jpeg', 'webp', 'png', 'avif'] as const) {
    const { exif } = read(await withText.clone().toFormat(format).toBuffer()) ?? {};
    expect({ format, model: exif?.model, comments: exif?.userComments }).toEqual({
      format,
      model: 'prompt:{"a":1}',
      comments: ['a fox'],
    });
  }
});

const XMP = `<x:xmpmeta><rdf:RDF><rdf:Description><exif:UserComment><rdf:Alt><rdf:li xml:lang="x-default">{&quot;c&quot;:&quot;a &lt;b&gt; &amp;amp; &#233;&#x1F98A;&quot;}</rdf:li></rdf:Alt></exif:UserComment></rdf:Description></rdf:RDF></x:xmpmeta>`;

it('XMP of PNG and JPEG, and the comment in it', () => {
  expect(read(png([iTXt('XML:com.adobe.xmp', XMP)]))?.xmp).toBe(XMP);
  expect(read(jpeg(null, XMP))?.xmp).toBe(XMP);
  expect(xmpUserComment(XMP)).toBe('{"c":"a <b> &amp; é🦊"}');
});

it.each([
  ['no comment', '<x:xmpmeta/>'],
  ['no end', XMP.slice(0, -60)],
  ['no item', '<exif:UserComment>a</exif:UserComment>'],
])('XMP with %s', (_what, xmp) => {
  expect(xmpUserComment(xmp)).toBeNull();
});

it('an entity that is no character stays as it is', () => {
  expect(xmpUserComment('<exif:UserComment><rdf:li>&#x110000;&nbsp;</rdf:li></exif:UserComment>')).toBe(
    '&#x110000;&nbsp;',
  );
});

it('no picture, and pictures without text', () => {
  expect(read(Buffer.from('BM'))).toBeNull();
  expect(read(Buffer.from('GIF89a'))?.comments).toEqual([]);
  expect(read(new Uint8Array())).toBeNull();
  expect(read(jpeg(null))).toEqual({ container: 'jpeg', texts: [], exif: null, xmp: null, comments: [] });
});

it('offsets outside the block, and directories that point at themselves', () => {
  const block = exifComment(unicode(TEXT, 'BE'));
  for (let at = 4; at < 44; at++) {
    for (const value of [0xff, 0, 8]) {
      const broken = Buffer.from(block);
      broken.writeUInt8(value, at);
      expect(() => read(jpeg(broken))).not.toThrow();
    }
  }
  const loop = Buffer.from('MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\0', 'latin1');
  expect(read(jpeg(loop))?.exif?.userComments).toEqual([]);
  const { value, warnings } = warned((warn) => readEmbeddedText(jpeg(Buffer.from('no TIFF')), warn));
  expect(value?.exif).toBeNull();
  expect(warnings).toEqual(['Ignored the EXIF block: it is not a valid TIFF structure.']);
});
