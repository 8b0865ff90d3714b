import { decodeBytes, encodeText } from '#src/run/manifest/formats/lone-surrogates.js';

it.each(['', 'ein Kätzchen 🐈', '\ud800', 'a\udfffb', '\ude00\ud83d', '🐈\ud83d🐈', '\ud7ff\ue000\ufffd\ud83d'])(
  'gives back %j',
  (text) => {
    expect(decodeBytes(encodeText(text))).toBe(text);
    expect(encodeText(text).equals(Buffer.from(text))).toBe(text.isWellFormed());
  },
);

it.each([
  [0xff],
  [0xed],
  [0xed, 0xa0],
  [0xed, 0xa0, 0x41],
  [0xed, 0xa0, 0x80, 0xe9],
  [0xe9, 0xed, 0xa0, 0x80],
  [0xf0, 0xed, 0xb0, 0x80],
])('knows that %p %p %p %p are no text', (...bytes) => {
  expect(decodeBytes(Buffer.from(bytes))).toBe(null);
});
