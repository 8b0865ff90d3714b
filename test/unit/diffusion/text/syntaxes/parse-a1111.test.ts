import { isBreak, parseA1111 } from '#src/diffusion/text/syntaxes/parse-a1111.js';
import { expectSoon } from '../../../../support/expect-soon.js';

const pairs = (prompt: string) => parseA1111(prompt).map(({ text, weight }) => [text, weight]);

/* The doctests of A1111's modules/prompt_parser.py. */
it.each([
  ['normal text', [['normal text', 1]]],
  [
    'an (important) word',
    [
      ['an ', 1],
      ['important', 1.1],
      [' word', 1],
    ],
  ],
  ['(unbalanced', [['unbalanced', 1.1]]],
  ['\\(literal\\]', [['(literal]', 1]]],
  ['(unnecessary)(parens)', [['unnecessaryparens', 1.1]]],
  [
    'a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).',
    [
      ['a ', 1],
      ['house', 1.5730000000000004],
      [' ', 1.1],
      ['on', 1],
      [' a ', 1.1],
      ['hill', 0.55],
      [', sun, ', 1.1],
      ['sky', 1.4641000000000006],
      ['.', 1.1],
    ],
  ],
])('reads %s as A1111 does', (prompt, expected) => {
  expect(pairs(prompt)).toEqual(expected);
});

it('a weight may have spaces around it', () => {
  expect(pairs('(cat: 1.3 )')).toEqual([['cat', 1.3]]);
});

it('BREAK starts a chunk; inside brackets it is a weighted word', () => {
  expect(parseA1111('a BREAK b').map(isBreak)).toEqual([false, true, false]);
  expect(pairs('a\nBREAK\tb')).toEqual([
    ['a', 1],
    ['BREAK', -1],
    ['b', 1],
  ]);
  expect(parseA1111('(a BREAK b)').some(isBreak)).toBe(false);
  expect(parseA1111('BREAKFAST').some(isBreak)).toBe(false);
});

it('an empty prompt is one piece, and ten thousand brackets are parsed in linear time', async () => {
  expect(pairs('')).toEqual([['', 1]]);
  await expectSoon(() => parseA1111('('.repeat(10_000)), 2);
});
