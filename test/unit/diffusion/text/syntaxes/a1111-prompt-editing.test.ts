import { indexAt, schedulePrompt } from '#src/diffusion/text/syntaxes/a1111-prompt-editing.js';
import { expectSoon } from '../../../../support/expect-soon.js';

const at10 = (prompt: string) => schedulePrompt(prompt, 10).map(({ end, text }) => [end, text]);
const inTurns = (...texts: string[]) => Array.from({ length: 10 }, (_, i) => [i + 1, texts[i % texts.length]]);

/* The doctests of A1111's modules/prompt_parser.py, version 1.10. */
it.each([
  ['test', [[10, 'test']]],
  [
    'a [b:3]',
    [
      [3, 'a '],
      [10, 'a b'],
    ],
  ],
  [
    'a [b: 3]',
    [
      [3, 'a '],
      [10, 'a b'],
    ],
  ],
  [
    'a [[[b]]:2]',
    [
      [2, 'a '],
      [10, 'a [[b]]'],
    ],
  ],
  [
    '[(a:2):3]',
    [
      [3, ''],
      [10, '(a:2)'],
    ],
  ],
  [
    'a [b : c : 1] d',
    [
      [1, 'a b  d'],
      [10, 'a  c  d'],
    ],
  ],
  [
    'a[b:[c:d:2]:1]e',
    [
      [1, 'abe'],
      [2, 'ace'],
      [10, 'ade'],
    ],
  ],
  ['a [unbalanced', [[10, 'a [unbalanced']]],
  [
    'a [b:.5] c',
    [
      [5, 'a  c'],
      [10, 'a b c'],
    ],
  ],
  [
    '((a][:b:c [d:3]',
    [
      [3, '((a][:b:c '],
      [10, '((a][:b:c d'],
    ],
  ],
  ['[a|(b:1.1)]', inTurns('a', '(b:1.1)')],
  ['[fe|]male', inTurns('female', 'male')],
  ['[fe|||]male', inTurns('female', 'male', 'male', 'male')],
])('schedules %s as A1111 does', (prompt, expected) => {
  expect(at10(prompt)).toEqual(expected);
});

it('the example in A1111’s source', () => {
  const prompt =
    'fantasy landscape with a [mountain:lake:0.25] and [an oak:a christmas tree:0.75][ in foreground::0.6][ in background:0.25] [shoddy:masterful:0.5]';
  expect(schedulePrompt(prompt, 100).map(({ end, text }) => [end, text])).toEqual([
    [25, 'fantasy landscape with a mountain and an oak in foreground shoddy'],
    [50, 'fantasy landscape with a lake and an oak in foreground in background shoddy'],
    [60, 'fantasy landscape with a lake and an oak in foreground in background masterful'],
    [75, 'fantasy landscape with a lake and an oak in background masterful'],
    [100, 'fantasy landscape with a lake and a christmas tree in background masterful'],
  ]);
});

it('a bar outside brackets makes the whole prompt text', () => {
  expect(at10('a | b [c:3]')).toEqual([[10, 'a | b [c:3]']]);
});

it('indexAt takes steps counted from 0, and texts count from 1', () => {
  const schedule = schedulePrompt('[a:b:5]', 10);
  expect([0, 5, 6, 9, 10, 11].map((step) => schedule[indexAt(schedule, step)]?.text)).toEqual([
    'a',
    'a',
    'b',
    'b',
    'b',
    'a',
  ]);
});

it('ten thousand brackets are parsed in linear time', () =>
  expectSoon(() => {
    for (const text of ['[', '(', '[a:', '[a|', '([']) schedulePrompt(text.repeat(5_000), 10);
  }, 3));
