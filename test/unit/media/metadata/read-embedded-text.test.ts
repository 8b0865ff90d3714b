import sharp from 'sharp';
import { type EmbeddedText, readEmbeddedText } from '#src/media/metadata/read-embedded-text.js';
import { xmpUserComment } from '#src/media/metadata/containers/xmp-user-comment.js';
import {
  chunk,
  exifComment,
  iTXt,
  jpeg,
  png,
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
  expect(read(Buffer.from('GIF89a'))).toBeNull();
  expect(read(new Uint8Array())).toBeNull();
  expect(read(jpeg(null))).toEqual({ container: 'jpeg', texts: [], exif: null, xmp: null });
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
