import { parseComfy } from '#src/diffusion/text/syntaxes/parse-comfy.js';
import { expectSoon } from '../../../../support/expect-soon.js';

const pairs = (prompt: string) => parseComfy(prompt).map(({ text, weight }) => [text, weight]);

/* What ComfyUI's token_weights(escape_important(text), 1.0) gives (comfy/sd1_clip.py at 00728eb2, run apart). */
it.each([
  ['a cat', [['a cat', 1]]],
  [
    'a (red) (fox:1.4)',
    [
      ['a ', 1],
      ['red', 1.1],
      [' ', 1],
      ['fox', 1.4],
    ],
  ],
  [
    '(a (b:2) c:0.5)',
    [
      ['a ', 0.5],
      ['b', 2],
      [' c', 0.5],
    ],
  ],
  [
    '((a))b',
    [
      ['a', 1.2100000000000002],
      ['b', 1],
    ],
  ],
  ['[a] BREAK', [['[a] BREAK', 1]]],
  ['\\(a\\)', [['(a)', 1]]],
  ['(a: b)', [['a: b', 1.1]]],
  ['(:1.2)', [[':1.2', 1.1]]],
  ['a) b', [['a) b', 1]]],
  ['(a', [['(a', 1]]],
])('reads %s as ComfyUI does', (prompt, expected) => {
  expect(pairs(prompt)).toEqual(expected);
});

it('ten thousand brackets are parsed in linear time', () =>
  expectSoon(() => parseComfy('('.repeat(10_000) + ')'.repeat(10_000)), 2));
