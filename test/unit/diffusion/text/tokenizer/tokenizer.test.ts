import { createTokenizer, type TokenizerParts } from '#src/diffusion/text/tokenizer/tokenizer.js';

const TOKENS = ['!', 'c', 'a', 't', 't</w>', 'ca', 'cat</w>', 's</w>', "'s</w>", '<B>', '<E>'];
const parts: TokenizerParts = {
  vocab: new Map(TOKENS.map((token, id) => [token, id])),
  merges: ['c a', 'ca t</w>', "' s</w>"],
  config: {
    begin: 9,
    end: 10,
    pad: 0,
    unknown: 10,
    addedTokens: [
      { content: '!', id: 0, normalized: false },
      { content: '<E>', id: 10, normalized: true },
    ],
    maxLength: 6,
  },
};
const tokenizer = createTokenizer(parts);

it('the merge of lowest rank wins, and a word ends with its suffix', () => {
  expect(tokenizer.encodeUntruncated('cat')).toEqual([9, 6, 10]);
  expect(tokenizer.encodeUntruncated('catt')).toEqual([9, 5, 3, 4, 10]);
});

it("a contraction is a word: the cat's", () => {
  expect(tokenizer.encodeUntruncated("cat's")).toEqual([9, 6, 8, 10]);
});

it('spaces and case are ignored', () => {
  expect(tokenizer.encodeUntruncated('  CAT\n\t cat ')).toEqual([9, 6, 6, 10]);
});

it('added tokens match as written or normalized', () => {
  expect(tokenizer.encodeUntruncated('cat!cat')).toEqual([9, 6, 0, 6, 10]);
  expect(tokenizer.encodeUntruncated('cat<e>cat')).toEqual([9, 6, 10, 6, 10]);
});

it('a byte that the vocabulary lacks is the unknown token', () => {
  expect(tokenizer.encodeUntruncated('é')).toEqual([9, 10, 10, 10]);
});

it('encode gives as many ids as the encoder has positions', () => {
  expect([...tokenizer.encode('')]).toEqual([9, 10, 0, 0, 0, 0]);
  expect([...tokenizer.encode('cat cat cat cat')]).toEqual([9, 6, 6, 6, 6, 10]);
  expect([...tokenizer.encode('cat cat cat cat cat')]).toEqual([9, 6, 6, 6, 6, 10]);
});
