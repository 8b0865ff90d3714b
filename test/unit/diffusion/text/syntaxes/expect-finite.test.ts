import { parseA1111 } from '#src/diffusion/text/syntaxes/parse-a1111.js';
import { parseComfy } from '#src/diffusion/text/syntaxes/parse-comfy.js';
import { parseCompel } from '#src/diffusion/text/syntaxes/parse-compel.js';

const digits = '9'.repeat(400);

it.each([
  ['a1111', parseA1111, `(a cat:${digits})`],
  ['a1111, by brackets', parseA1111, `${'('.repeat(2000)}a cat`],
  ['comfy', parseComfy, `(a cat:${digits})`],
  ['comfy, by an exponent', parseComfy, '(a cat:1e39)'],
  ['compel', parseCompel, `(a cat)${digits}`],
  ['compel, by signs', parseCompel, `a${'+'.repeat(2000)}`],
  ['compel, of a blend', parseCompel, '("a", "b").blend(1, 1e39)'],
])('a weight beyond float32 is refused: %s', (_, parse, prompt) => {
  expect(() => parse(prompt)).toThrow(
    expect.objectContaining({
      code: 'ROW_FIELD_INVALID',
      message: expect.stringMatching(/^Expected weights in a prompt within float32, got .{1,100}$/) as string,
    }),
  );
});

it('the largest float32 is accepted', () => {
  expect(parseComfy('(a cat:3.4e38)')).toEqual([{ text: 'a cat', weight: 3.4e38 }]);
});
