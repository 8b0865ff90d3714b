import { parseCompel } from '#src/diffusion/text/syntaxes/parse-compel.js';
import { expectSoon } from '../../../../support/expect-soon.js';

const pieces = (prompt: string) =>
  parseCompel(prompt).prompts.map((prompt) => prompt.map(({ text, weight }) => [text, weight]));

/* From Compel's test/test_prompt_parser.py at c60b9fbc, and its parser run on more prompts. */
it.each([
  ['', [['', 1]]],
  ['fire (flames)', [['fire flames', 1]]],
  ['fire, flames , fire', [['fire, flames , fire', 1]]],
  ['cat hot-dog eating', [['cat hot-dog eating', 1]]],
  ['(flames)0.5', [['flames', 0.5]]],
  ['flames.attend(0.5)', [['flames', 0.5]]],
  ['"flames".attend(+)', [['flames', 1.1]]],
  ['flames--', [['flames', 0.81]]],
  [
    '(flowers)--- flames+++',
    [
      ['flowers', 0.7290000000000001],
      ['flames', 1.3310000000000004],
    ],
  ],
  [
    '(pretty flowers)+, the flames are too hot',
    [
      ['pretty flowers', 1.1],
      [', the flames are too hot', 1],
    ],
  ],
  [
    'fire (flames (trees)1.5)2.0',
    [
      ['fire', 1],
      ['flames', 2],
      ['trees', 3],
    ],
  ],
  ['a badly (formed +test prompt', [['a badly (formed +test prompt', 1]]],
  ['(((a badly (formed +test )prompt', [['(((a badly formed +test prompt', 1]]],
  ['mountain \\(man\\)', [['mountain (man)', 1]]],
  [
    'mountain (\\(man\\))+',
    [
      ['mountain', 1],
      ['(man)', 1.1],
    ],
  ],
  [
    'hairy ("mountain, man" with a (beard)2.0)+',
    [
      ['hairy', 1],
      ['mountain , man with a', 1.1],
      ['beard', 2.2],
    ],
  ],
  [
    'one,two++',
    [
      ['one,', 1],
      ['two', 1.2100000000000002],
    ],
  ],
])('reads %s as Compel does', (prompt, expected) => {
  expect(pieces(prompt)).toEqual([expected]);
});

it('.and() and .blend(), with and without weights', () => {
  expect(parseCompel('("fire flames", "(man)2").and()')).toEqual({
    kind: 'and',
    prompts: [[{ text: 'fire flames', weight: 1 }], [{ text: 'man', weight: 2 }]],
    weights: [1, 1],
    normalizes: true,
  });
  expect(parseCompel('("face, eyes--", mountain).blend(1,-1,no_normalize)')).toMatchObject({
    kind: 'blend',
    prompts: [[{ text: 'face ,', weight: 1 }, { text: 'eyes' }], [{ text: 'mountain', weight: 1 }]],
    weights: [1, -1],
    normalizes: false,
  });
});

it.each([
  ['("a", "b").blend(1)', /2 prompts.*got \(1\)/],
  ['("a", "b").and(x, y)', /2 prompts.*got \(x, y\)/],
  ['a cat.swap(dog)', /\.swap\(\)/],
  ['a cat withLora(fox, 0.5)', /withLora/],
])('refuses %s', (prompt, message) => {
  expect(() => parseCompel(prompt)).toThrow(expect.objectContaining({ code: 'ROW_FIELD_INVALID' }));
  expect(() => parseCompel(prompt)).toThrow(message);
});

it('thousands of brackets are parsed in linear time', () =>
  expectSoon(() => {
    for (const text of ['(', '("', '(a ', '"a" ']) parseCompel(text.repeat(2_000));
  }, 3));
