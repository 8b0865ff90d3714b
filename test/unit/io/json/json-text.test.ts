import { cutText, jsonText, wellFormed } from '#src/io/json/json-text.js';

it.each([
  ['a cat \ud83d', '"a cat \ufffd"'],
  ['\ude00 a \ud83d\ude00', '"\ufffd a \ud83d\ude00"'],
  ['\\ud83d and \\\ud83d', '"\\\\ud83d and \\\\\ufffd"'],
  [{ '\ud83d': ['\udfff', 1, null] }, '{"\ufffd":["\ufffd",1,null]}'],
  [undefined, 'undefined'],
  [
    { a: [12345678901234567890n, '12345678901234567890n', '\ud83d'], b: -1n },
    '{"a":[12345678901234567890,"12345678901234567890n","\ufffd"],"b":-1}',
  ],
])('writes %j in well-formed text', (value, text) => {
  expect(jsonText(value)).toBe(text);
});

it('cuts no character in two, and leaves alone what was cut before', () => {
  expect(cutText('ab😀c', 3)).toBe('ab');
  expect(cutText('ab😀c', 4)).toBe('ab😀');
  expect(cutText('abc', 3)).toBe('abc');
  expect(cutText('\ud83dab', 2)).toBe('\ud83da');
});

it('mends values deep inside, and gives back what is whole', () => {
  const whole = { a: ['😀', { b: 1 }], c: null };
  expect(wellFormed(whole)).toBe(whole);
  expect(wellFormed({ a: ['\ud83d', { '\ud83d': true }] })).toEqual({ a: ['\ufffd', { '\ufffd': true }] });
  expect(Object.keys(wellFormed(JSON.parse('{"__proto__":"\\ud83d"}')) as object)).toEqual(['__proto__']);
});
