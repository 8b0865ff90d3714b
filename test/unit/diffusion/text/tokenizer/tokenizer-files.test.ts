import { parseTokenizerFiles, type TokenizerFiles } from '#src/diffusion/text/tokenizer/tokenizer-files.js';

const VOCAB = { '!': 0, a: 1, 'b</w>': 2, 'ab</w>': 3, '<|startoftext|>': 4, '<|endoftext|>': 5 };
const END = { content: '<|endoftext|>', lstrip: false, normalized: true, rstrip: false, single_word: false };
const legacy: TokenizerFiles = {
  'vocab.json': JSON.stringify(VOCAB),
  'merges.txt': '#version: 0.2\na b</w>\n',
  'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'CLIPTokenizer', model_max_length: 77, pad_token: END }),
  'special_tokens_map.json': JSON.stringify({ eos_token: END, pad_token: '!' }),
};
const parse = (files: TokenizerFiles) => parseTokenizerFiles(files, 'model/tokenizer_2');

it('the layout with vocab.json: the special tokens map beats the configuration', () => {
  const { vocab, merges, config } = parse(legacy);
  expect(vocab.get('ab</w>')).toBe(3);
  expect(merges).toEqual(['a b</w>']);
  expect(config).toMatchObject({ begin: 4, end: 5, unknown: 5, pad: 0, maxLength: 77 });
  expect(config.addedTokens).toContainEqual({ content: '!', id: 0, normalized: false });
});

it('added_tokens_decoder beats the special tokens map', () => {
  const { config } = parse({
    ...legacy,
    'tokenizer_config.json': JSON.stringify({ added_tokens_decoder: { 5: END }, pad_token: '<|endoftext|>' }),
  });
  expect(config.pad).toBe(5);
  expect(config.addedTokens.find(({ id }) => id === 5)?.normalized).toBe(true);
});

it('the layout of transformers 5: everything in tokenizer.json', () => {
  const { vocab, merges, config } = parse({
    'tokenizer.json': JSON.stringify({
      added_tokens: [{ ...END, id: 5, special: true }],
      model: { type: 'BPE', end_of_word_suffix: '</w>', vocab: VOCAB, merges: [['a', 'b</w>']] },
    }),
    'tokenizer_config.json': JSON.stringify({ pad_token: '!' }),
  });
  expect([vocab.size, merges, config.pad]).toEqual([6, ['a b</w>'], 0]);
});

const BAD: [string, TokenizerFiles, string][] = [
  ['no vocabulary', { ...legacy, 'vocab.json': undefined }, 'model/tokenizer_2/vocab.json is missing'],
  ['no merges', { ...legacy, 'merges.txt': undefined }, 'merges.txt is missing'],
  ['not JSON', { ...legacy, 'vocab.json': '{' }, 'vocab.json is not JSON'],
  ['an id that is text', { ...legacy, 'vocab.json': '{"a":"1"}' }, 'vocab.json gives "a"'],
  ['an id beyond 32 bits', { ...legacy, 'vocab.json': '{"a":2147483648}' }, 'vocab.json gives "a"'],
  [
    'an added id beyond 32 bits',
    { ...legacy, 'tokenizer_config.json': JSON.stringify({ added_tokens_decoder: { 99999999999999: END } }) },
    'added_tokens_decoder',
  ],
  [
    'an added token that no prompt has',
    { ...legacy, 'tokenizer_config.json': JSON.stringify({ eos_token: { ...END, content: 'a'.repeat(8_000_000) } }) },
    'eos_token',
  ],
  [
    'more added tokens than a prompt can be searched for',
    {
      ...legacy,
      'tokenizer_config.json': JSON.stringify({
        added_tokens_decoder: Object.fromEntries(
          Array.from({ length: 5001 }, (_, id) => [id, { ...END, content: `<${id}>` }]),
        ),
      }),
    },
    'adds 5001 tokens, more than 5000',
  ],
  ['a merge of three', { ...legacy, 'merges.txt': 'a b c' }, 'merges.txt has a line'],
  ['another tokenizer', { ...legacy, 'tokenizer_config.json': '{"tokenizer_class":"T5Tokenizer"}' }, 'tokenizer_class'],
  ['too long', { ...legacy, 'tokenizer_config.json': '{"model_max_length":512}' }, 'model_max_length'],
  ['an unknown pad token', { ...legacy, 'special_tokens_map.json': '{"pad_token":"[PAD]"}' }, 'token "[PAD]"'],
  [
    'a token that takes the spaces beside it',
    { ...legacy, 'special_tokens_map.json': JSON.stringify({ pad_token: { ...END, lstrip: true } }) },
    'special_tokens_map.json is not supported: pad_token',
  ],
];

it.each(BAD)('%s', (_, files, message) => {
  expect(() => parse(files)).toThrow(
    expect.objectContaining({ code: 'MODEL_CONFIG_INVALID', message: expect.stringContaining(message) as string }),
  );
});
