import { decodeInline } from '#src/media/image/decode-inline.js';

const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xfb, 0xff, 0xfe, 0x00]);
const base64 = picture.toString('base64');
const urlSafe = picture.toString('base64url');
const percent = Array.from(picture, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

it.each([
  ['base64', base64],
  ['the URL-safe alphabet, no padding', urlSafe],
  ['lines and spaces', ` ${base64.slice(0, 5)}\r\n\t${base64.slice(5)}\n`],
  ['a data: URL', `data:image/png;base64,${base64}`],
  ['a data: URL in capitals', `DATA:IMAGE/PNG;BASE64,${base64}`],
  ['parameters', `data:image/png;name=a.png;charset=utf-8;base64,${base64}`],
  ['no type', `data:;base64,${base64}`],
  ['escaped base64', `data:image/png;base64,${encodeURIComponent(base64)}`],
  ['URL-safe base64 in a data: URL', `data:image/png;base64,${urlSafe}`],
  ['percent-encoding', `data:image/png,${percent.toUpperCase()}`],
  ['percent-encoding with plain characters', `data:image/png,%89PNG${percent.slice(12)}`],
])('reads %s', (_, text) => {
  expect(Array.from(decodeInline(text))).toEqual(Array.from(picture));
});

it('reads ten million escaped bytes', () => {
  expect(decodeInline(`data:image/png,${'%41'.repeat(10_000_000)}`)).toHaveLength(10_000_000);
});

it.each([
  ['a path', 'inputs/cat.png', /not base64/],
  ['a cut group', 'AAAAA', /not base64/],
  ['padding inside', 'AA==AAAA', /not base64/],
  ['other characters', 'data:image/png;base64,AA*A', /not base64/],
  ['nothing', '', /no data/],
  ['a data: URL with nothing', 'data:image/png;base64,', /no data/],
  ['a plain data: URL with nothing', 'data:image/png,', /no data/],
  ['a data: URL without a comma', 'data:image/png;base64', /without a comma/],
])('refuses %s', (_, text, reason) => {
  const failure = { code: 'IMAGE_UNDECODABLE', message: expect.stringMatching(reason) as string };
  expect(() => decodeInline(text)).toThrow(expect.objectContaining(failure) as Error);
});
