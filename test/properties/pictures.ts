/** Pictures from outside: real files of every format that is read, damaged; and pictures in texts. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import fc from 'fast-check';
import sharp from 'sharp';
import { decodeInline } from '#src/media/image/decode-inline.js';
import { loadPicture } from '#src/media/image/load-picture.js';
import { openPicture } from '#src/media/image/open-picture.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { expectShort, orRefused } from './refusals.js';
import { textOf } from './texts.js';

const drawn = (channels: 3 | 4) =>
  sharp(
    Uint8Array.from({ length: 24 * 16 * channels }, (_, at) => (at * 97 + (at >> 3) * 31) % 256),
    { raw: { width: 24, height: 16, channels } },
  );
const pictures = mutationsOf(
  {
    'a.png': () => drawn(4).png().toBuffer(),
    'palette.png': () => drawn(3).png({ palette: true }).toBuffer(),
    'a.jpg': () =>
      drawn(3)
        .withExif({ IFD0: { Make: 'x' } })
        .jpeg({ progressive: true })
        .toBuffer(),
    'lossy.webp': () => drawn(3).webp().toBuffer(),
    'lossless.webp': () => drawn(4).webp({ lossless: true }).toBuffer(),
    'a.avif': () => drawn(3).avif({ effort: 0 }).toBuffer(),
    'a.gif': () => drawn(3).gif().toBuffer(),
    'a.tif': () => drawn(3).tiff({ compression: 'lzw' }).toBuffer(),
    'deflate.tif': () => drawn(3).tiff({ compression: 'deflate', tile: true }).toBuffer(),
  },
  [
    'IHDR',
    'IDAT',
    'IEND',
    'PLTE',
    'acTL',
    'VP8X',
    'VP8L',
    'ALPH',
    'ANIM',
    '\xff\xd8',
    '\xff\xc0',
    '\xff\xc4',
    '\xff\xda',
    'II*\0',
    'ftypavif',
    'meta',
    '\x7f\xff\xff\xff',
  ],
);

const REFUSALS = ['IMAGE_UNDECODABLE', 'IMAGE_TOO_LARGE'] as const;

const dataUrls = textOf(
  ['data:', 'image/png', ';base64', ',', 'AAAA', '=', '%41', '%zz', '%', ' ', '\n', '-_', '+/', ';'],
  12,
);

export const properties = [
  property(
    'pictures: a damaged one is refused in few words, or is what its header says',
    'file',
    pictures.arbitrary,
    async (one) => {
      const bytes = await pictures.bytesOf(one);
      const opened = await orRefused(() => openPicture(bytes, 'x'), ...REFUSALS);
      if (opened === null) return;
      const { width, height } = opened.header;
      ok(width > 0 && height > 0 && width <= 16_384 && height <= 16_384);
      /* A header may say much that the bytes have not: what is large is not decoded here. */
      if (width * height > 1e6) return;
      await orRefused(() => loadPicture(bytes, 'x'), ...REFUSALS);
    },
  ),
  property(
    'pictures: bytes in a text are read back, however it is written',
    'value',
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.constantFrom('base64', 'base64url', 'hex'), fc.nat(20)),
    ([bytes, form, space]) => {
      const buffer = Buffer.from(bytes);
      const body = form === 'hex' ? buffer.toString('hex').replace(/../g, '%$&') : buffer.toString(form);
      const at = Math.min(space, body.length);
      const text = form === 'hex' ? `data:,${body}` : `${body.slice(0, at)} \n${body.slice(at)}`;
      deepStrictEqual(Buffer.from(decodeInline(text)), buffer);
    },
  ),
  property('pictures: a data: URL holds what the platform’s own fetch finds in it', 'text', dataUrls, async (tail) => {
    const url = `data:${tail}`;
    const own = await orRefused(() => decodeInline(url), 'IMAGE_UNDECODABLE');
    if (own === null || !/^data:[a-z/]*(;base64)?,[A-Za-z0-9+/%=]*$/.test(url)) return;
    const platform = await fetch(url).then(
      (answer) => answer.arrayBuffer(),
      () => null,
    );
    if (platform !== null) strictEqual(Buffer.from(own).toString('hex'), Buffer.from(platform).toString('hex'));
    expectShort(String(own.length));
  }),
];
