import { takeTags } from '#src/run/manifest/rows/prompt-tags.js';
import type { PromptSyntax } from '#src/records/settings.js';
import { expectSoon } from '../../../../support/expect-soon.js';

const textOf = (prompt: string, syntax: PromptSyntax = 'a1111'): string => takeTags(prompt, syntax).prompt;
const tagOf = (prompt: string, syntax: PromptSyntax = 'a1111') => takeTags(prompt, syntax).tags[0];

it.each([
  ['a cat, watercolour <lora:ink:0.8>, <lyco:grain:0.3>', 'a cat, watercolour,'],
  ['<lora:ink:1>a cat', 'a cat'],
  ['a cat <lora:ink:1>, fur', 'a cat, fur'],
  ['a <lora:ink:1> cat', 'a cat'],
  ['a <lora:ink:1>cat', 'a cat'],
  ['a<lora:ink:1> cat', 'a cat'],
  ['one,<lora:a:1>,<lora:b:1> ,two', 'one,, ,two'],
  ['(a cat <lora:ink:1>:1.2)', '(a cat :1.2)'],
  ['[a <LoRA:x:1>:b:0.5]', '[a :b:0.5]'],
  ['<hypernet:h:1>', ''],
  ['a <b>, 1 < 2 > 0, <3:x, <:x>', 'a <b>, 1 < 2 > 0, <3:x, <:x>'],
])('leaves of %j the words alone', (prompt, text) => {
  expect(textOf(prompt)).toBe(text);
});

it('has networks alone for tags outside A1111, which takes every word with a colon', () => {
  const prompt = 'a cat <wildcard:fur> <lora:ink:1>';
  expect(textOf(prompt, 'a1111')).toBe('a cat');
  expect(textOf(prompt, 'comfy')).toBe('a cat <wildcard:fur>');
  for (const syntax of ['plain', 'compel'] as const) {
    expect(takeTags(prompt, syntax)).toMatchObject({ prompt, tags: [{ text: '<lora:ink:1>', name: 'ink' }] });
  }
});

it.each([
  ['<lora:ink>', { kind: 'lora', name: 'ink', weight: 1 }],
  ['<lora:ink.v2.safetensors:-.5>', { name: 'ink.v2.safetensors', weight: -0.5 }],
  ['<lora:styles/ink : 0.8 >', { name: 'styles/ink', weight: 0.8 }],
  ['<lora:ink:>', { weight: 1 }],
  ['<lora:ink:0.8:0.5>', { weight: { text_encoder: 0.8, unet: 0.5 } }],
  ['<lora:ink:0.8:0.8>', { weight: 0.8 }],
  ['<lyco:ink:unet=0.5>', { kind: 'lyco', weight: { text_encoder: 1, unet: 0.5 } }],
  ['<lora:ink:te=0:unet=1>', { weight: { text_encoder: 0, unet: 1 } }],
  ['<lora:ink:1:1:8>', { weight: 1, unread: ['8'] }],
  ['<lora:ink:1:lbw=OUTALL:dyn=8>', { weight: 1, unread: ['lbw=OUTALL', 'dyn=8'] }],
  ['<lora:ink:strong>', { weight: null }],
  ['<lora:ink:0,8>', { weight: null }],
  ['<lora:ink:1e999>', { weight: null }],
])('reads %s', (prompt, tag) => {
  expect(tagOf(prompt)).toMatchObject(tag);
});

it('reads two weights in the order of the program', () => {
  expect(tagOf('<lora:ink:0.8:0.5>', 'comfy')?.weight).toEqual({ text_encoder: 0.5, unet: 0.8 });
  expect(tagOf('<lora:ink:0.8>', 'comfy')?.weight).toBe(0.8);
});

it('takes linear time', () =>
  expectSoon(() => {
    for (const hostile of ['<a:', '<a', '<lora:x:1', '<lora::::', '<lora:x:1> '])
      takeTags(hostile.repeat(4000), 'a1111');
  }, 2));
