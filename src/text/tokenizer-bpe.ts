/**
 * Byte-pair encoding of one word into token ids.
 * Source: Sennrich et al. 2016, arXiv:1508.07909; bytes as letters as in GPT-2 (Radford et al. 2019), end-of-word mark as
 * in CLIP (Radford et al. 2021, arXiv:2103.00020).
 */

/** What the last token of a word ends with. */
export const END_OF_WORD = '</w>';

/** Bytes that stand for themselves: the visible characters of Latin-1. The others become U+0100, U+0101, … */
const isVisible = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);

const LETTERS: readonly string[] = (() => {
  let hidden = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : hidden++));
})();

const utf8 = new TextEncoder();

/** Merges `left` and `right` wherever they meet, from the left. */
const mergeAll = (symbols: readonly string[], left: string, right: string): string[] => {
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i] ?? '';
    const meets = symbol === left && symbols[i + 1] === right;
    merged.push(meets ? symbol + right : symbol);
    if (meets) i++;
  }
  return merged;
};

export interface BytePairs {
  /** Token → id. */
  vocab: ReadonlyMap<string, number>;
  /** `left right` in the order they were learned: the earlier wins. */
  merges: readonly string[];
  /** Id of what the vocabulary lacks. */
  unknown: number;
}

/** A function from a word (not empty, any Unicode) to its ids, at least one. */
export const bytePairEncoder = ({ vocab, merges, unknown }: BytePairs): ((word: string) => number[]) => {
  const ranks = new Map(merges.map((pair, rank) => [pair, rank]));

  const earliestPair = (symbols: readonly string[]): number => {
    let best = Infinity;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = ranks.get(`${symbols[i] ?? ''} ${symbols[i + 1] ?? ''}`);
      if (rank !== undefined && rank < best) best = rank;
    }
    return best;
  };

  return (word) => {
    let symbols = Array.from(utf8.encode(word), (byte) => LETTERS[byte] ?? '');
    symbols.push(`${symbols.pop() ?? ''}${END_OF_WORD}`);
    for (let rank = earliestPair(symbols); rank !== Infinity; rank = earliestPair(symbols)) {
      const [left = '', right = ''] = merges[rank]?.split(' ') ?? [];
      symbols = mergeAll(symbols, left, right);
    }
    return symbols.map((symbol) => vocab.get(symbol) ?? unknown);
  };
};
