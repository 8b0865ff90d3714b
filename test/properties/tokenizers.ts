/** Tokenizers' files from outside, and byte pairs by their definition. */
import { deepStrictEqual, ok } from 'node:assert';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { bytePairEncoder } from '#src/diffusion/text/tokenizer/byte-pair-encoding.js';
import { parseTokenizerFiles } from '#src/diffusion/text/tokenizer/tokenizer-files.js';
import { createTokenizer } from '#src/diffusion/text/tokenizer/tokenizer.js';
import { goldenData } from '../support/golden.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { orRefused } from './refusals.js';
import { textOf } from './texts.js';

/** Sennrich et al. 2016: again and again, all pairs of the lowest rank, from the left. */
const byDefinition = (merges: readonly string[], word: string): string[] => {
  const ranks = new Map(merges.map((pair, rank) => [pair, rank]));
  let symbols = [...Array.from(word.slice(0, -1)), `${word.slice(-1)}</w>`];
  const rankAt = (at: number): number => ranks.get(`${symbols[at] ?? ''} ${symbols[at + 1] ?? ''}`) ?? Infinity;
  for (;;) {
    const best = Math.min(...symbols.slice(1).map((_, at) => rankAt(at)));
    if (best === Infinity) return symbols;
    const merged: string[] = [];
    for (let at = 0; at < symbols.length; at++) {
      const meets = at + 1 < symbols.length && rankAt(at) === best;
      merged.push(meets ? `${symbols[at] ?? ''}${symbols[at + 1] ?? ''}` : (symbols[at] ?? ''));
      if (meets) at++;
    }
    symbols = merged;
  }
};

/** Pairs of what there is by then, in an order that no training would give. */
const merges = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { maxLength: 14 }).map((draws) => {
  const symbols = ['a', 'b', 'c', 'a</w>', 'b</w>', 'c</w>'];
  const pairs: string[] = [];
  for (const [first, second, place] of draws) {
    const left = symbols[first % symbols.length] ?? '';
    const right = symbols[second % symbols.length] ?? '';
    if (left.endsWith('</w>') || pairs.includes(`${left} ${right}`)) continue;
    pairs.splice(place % (pairs.length + 1), 0, `${left} ${right}`);
    symbols.push(left + right);
  }
  return { pairs, vocab: new Map([...new Set(symbols)].map((symbol, id) => [symbol, id])) };
});

const file = (name: string): Buffer => readFileSync(goldenData('models', 'tiny-refiner', 'tokenizer_2', name));
/** As transformers 5 writes them: all in one file. */
const whole = (): Buffer => {
  const vocab = JSON.parse(file('vocab.json').toString()) as Record<string, number>;
  const pairs = file('merges.txt').toString().split('\n').slice(1, -1).slice(0, 200);
  const added = ['<|startoftext|>', '<|endoftext|>'].map((content) => ({
    content,
    id: vocab[content] ?? 0,
    normalized: true,
  }));
  return Buffer.from(
    JSON.stringify({ added_tokens: added, model: { type: 'BPE', end_of_word_suffix: '</w>', vocab, merges: pairs } }),
  );
};
const NAMES = ['vocab.json', 'merges.txt', 'special_tokens_map.json', 'tokenizer_config.json'] as const;
const files = mutationsOf(
  { ...Object.fromEntries(NAMES.map((name) => [name, () => file(name)])), 'tokenizer.json': whole },
  [
    '</w>',
    '<|endoftext|>',
    '#version: 0.2',
    'a b',
    '"content":',
    '"added_tokens_decoder":{"1":{"content":"(a+)+$"}},',
    '-1',
    '1.5',
    '99999999999',
    '"added_tokens_decoder":{"99999999999":{"content":"a"}},',
    'null',
    '{}',
    '\ud83d',
  ],
);
const prompt = textOf(['a cat', ' ', '<|endoftext|>', '<|startoftext|>', '(a+)+$', 'it’s', '123', '!!'], 20);

export const properties = [
  property(
    'tokenizers: pairs are merged as the definition says, whatever their order',
    'value',
    fc.tuple(merges, fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 20 })),
    ([{ pairs, vocab }, letters]) => {
      const word = letters.join('');
      const encode = bytePairEncoder({ vocab, merges: pairs, unknown: -1 });
      deepStrictEqual(
        encode(word),
        byDefinition(pairs, word).map((symbol) => vocab.get(symbol) ?? -1),
      );
    },
    100,
  ),
  property(
    'tokenizers: damaged files are refused in few words, or encode any prompt',
    'file',
    fc.tuple(files.arbitrary, prompt),
    async ([one, text]) => {
      const changed = (await files.bytesOf(one)).toString();
      const others =
        one.file === 'tokenizer.json' ? {} : Object.fromEntries(NAMES.map((name) => [name, file(name).toString()]));
      const parts = await orRefused(
        () => parseTokenizerFiles({ ...others, [one.file]: changed }, 'folder'),
        'MODEL_CONFIG_INVALID',
      );
      if (parts === null) return;
      const tokenizer = createTokenizer(parts);
      const ids = tokenizer.encode(text);
      ok(ids.length === parts.config.maxLength && ids.length <= 77);
      const all = tokenizer.encodeUntruncated(text);
      ok(all.every((id) => Number.isInteger(id) && id >= 0));
      const same = Math.min(all.length, ids.length - 1);
      deepStrictEqual([...ids].slice(0, same), all.slice(0, same));
    },
  ),
];
