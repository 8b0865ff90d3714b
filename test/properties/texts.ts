/** Texts as people, programs and attackers write them. */
import fc, { type Arbitrary } from 'fast-check';

/** What terminals, file systems, shells, databases and parsers of their own make something of. */
const NASTY = [
  '',
  ' ',
  '\0',
  '\n',
  '\r\n',
  '\t',
  '\u001b[31m',
  '\u0007',
  '\u007f',
  '\u0085',
  '\u00ad',
  '\u200b',
  '\u200d',
  '\u202e',
  '\u2066',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\ufffd',
  '\ufffe',
  '\ud800',
  '\udfff',
  '\u{1f469}\u200d\u{1f680}',
  'e\u0301',
  'ß',
  'İ',
  'ς',
  '\u{e0041}',
  '\u3164',
  '..',
  '../',
  '/',
  '\\',
  '~',
  'CON',
  'nul.png',
  'LPT¹',
  ':',
  '|',
  '*',
  '?',
  '<',
  '>',
  '"',
  "'",
  '$(x)',
  '`',
  '%00',
  '%2e%2e%2f',
  '__proto__',
  'constructor',
  'toString',
  'NaN',
  'Infinity',
  '-0',
  '1e999',
  '9'.repeat(400),
  '0x10',
  '١',
  '1,5',
];

/** UTF-16 as it comes, half characters too. */
const units = fc.array(fc.nat(0xffff), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));

/** @param words of the format: brackets, keywords, separators */
export const textOf = (words: readonly string[] = [], maxLength = 30): Arbitrary<string> => {
  const piece = fc.oneof(
    {
      weight: 4,
      arbitrary: words.length > 0 ? fc.constantFrom(...words) : fc.string({ unit: 'grapheme', maxLength: 12 }),
    },
    { weight: 2, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 12 }) },
    { weight: 1, arbitrary: fc.constantFrom(...NASTY) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
    { weight: 1, arbitrary: units },
  );
  return fc.oneof(
    { weight: 8, arbitrary: fc.array(piece, { maxLength }).map((pieces) => pieces.join('')) },
    /* Long: what echoes its input shows. */
    { weight: 1, arbitrary: fc.tuple(piece, fc.nat(6000)).map(([text, times]) => text.repeat(times).slice(0, 20_000)) },
  );
};
