import { bytePairEncoder } from '#src/diffusion/text/tokenizer/byte-pair-encoding.js';
import { mt19937 } from '#src/diffusion/random/mt19937.js';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expectSoon } from '../../../../support/expect-soon.js';

const numbers = mt19937(20_261_127);
const below = (limit: number): number => numbers() % limit;

/** The definition: again and again, the pair that was learned first is merged wherever it stands, from the left. */
const byDefinition = (merges: readonly string[], word: string): string[] => {
  const ranks = new Map(merges.map((pair, rank) => [pair, rank]));
  let symbols = [...Array.from(word.slice(0, -1)), `${word.slice(-1)}</w>`];
  const rankAt = (at: number): number => ranks.get(`${symbols[at]!} ${symbols[at + 1]!}`) ?? Infinity;
  for (;;) {
    const best = Math.min(...symbols.slice(1).map((_, at) => rankAt(at)));
    if (best === Infinity) return symbols;
    const merged: string[] = [];
    for (let at = 0; at < symbols.length; at++) {
      const meets = at + 1 < symbols.length && rankAt(at) === best;
      merged.push(meets ? symbols[at]! + symbols[at + 1]! : symbols[at]!);
      if (meets) at++;
    }
    symbols = merged;
  }
};

/** Merges in an order that no training would give, where a pair may be better than those it is made of. */
const anyMerges = (): { merges: string[]; vocab: Map<string, number> } => {
  const symbols = ['a', 'b', 'c', 'a</w>', 'b</w>', 'c</w>'];
  const merges: string[] = [];
  while (merges.length < 12) {
    const [left, right] = [symbols[below(symbols.length)]!, symbols[below(symbols.length)]!];
    if (left.endsWith('</w>')) continue;
    merges.splice(below(merges.length + 1), 0, `${left} ${right}`);
    symbols.push(left + right);
  }
  return { merges, vocab: new Map(symbols.map((symbol, id) => [symbol, id])) };
};

it('results equal the definition’s for any order of merges', () => {
  for (let times = 0; times < 200; times++) {
    const { merges, vocab } = anyMerges();
    const encode = bytePairEncoder({ vocab, merges, unknown: -1 });
    for (let words = 0; words < 20; words++) {
      const word = Array.from({ length: 1 + below(14) }, () => 'abc'[below(3)]).join('');
      expect([word, merges, encode(word)]).toEqual([
        word,
        merges,
        byDefinition(merges, word).map((symbol) => vocab.get(symbol) ?? -1),
      ]);
    }
  }
});

it('the longest possible word is encoded in n log n time', async () => {
  const folder = new URL('../../../../../../models/clip-tokenizer/', import.meta.url);
  const read = (name: string): string => readFileSync(fileURLToPath(new URL(name, folder)), 'utf8');
  const vocab = new Map(Object.entries(JSON.parse(read('vocab.json')) as Record<string, number>));
  const merges = read('merges.txt').split('\n').slice(1, -1);
  const encode = bytePairEncoder({ vocab, merges, unknown: 49407 });
  const word = Array.from({ length: 200_000 }, () => String.fromCharCode(97 + below(26))).join('');
  expect((await expectSoon(() => encode(word))).length).toBeGreaterThan(50_000);
});
