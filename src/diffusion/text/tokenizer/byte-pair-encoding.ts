/**
 * Byte-pair encoding of one word into token ids.
 * Source: Sennrich et al. 2016, arXiv:1508.07909; bytes as letters as in GPT-2 (Radford et al. 2019), end-of-word mark as
 * in CLIP (Radford et al. 2021, arXiv:2103.00020).
 */
import { MergeQueue } from './merge-queue.js';

/** Suffix of a word's last token. */
export const END_OF_WORD = '</w>';

/** Visible Latin-1 characters represent their own bytes; other bytes become U+0100, U+0101, … */
const isVisible = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);

const LETTERS: readonly string[] = (() => {
  let hidden = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : hidden++));
})();

const utf8 = new TextEncoder();

export interface BytePairs {
  /** Token → id. */
  vocab: ReadonlyMap<string, number>;
  /** `left right`, in order of rank. */
  merges: readonly string[];
  /** Id of symbols that the vocabulary lacks. */
  unknown: number;
}

interface Merge {
  rank: number;
  /** Symbol of the merged pair. */
  merged: number;
}

/** Numbers the symbols of merges: 0 to 255 are bytes, 256 to 511 bytes that end a word, the rest are merged symbols. */
const numberMerges = (merges: readonly string[]): { names: string[]; find: (pair: number) => Merge | undefined } => {
  const names = [...LETTERS, ...LETTERS.map((letter) => `${letter}${END_OF_WORD}`)];
  const numbers = new Map(names.map((name, number) => [name, number]));
  const numberOf = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, names.length);
    return names.push(name) - 1;
  };
  const byPair = new Map<number, Merge>();
  for (const [rank, pair] of merges.entries()) {
    const [left = '', right = ''] = pair.split(' ');
    byPair.set(pairOf(numberOf(left), numberOf(right)), { rank, merged: numberOf(left + right) });
  }
  return { names, find: (pair) => byPair.get(pair) };
};

/** More symbols than any vocabulary has; a pair of numbers below it is exact in a double. */
const MOST_SYMBOLS = 2 ** 26;
const pairOf = (left: number, right: number): number => left * MOST_SYMBOLS + right;

const NONE = -1;

/**
 * Returns a function from a word (not empty, any Unicode) to its ids, at least one. Its time is O(n log n) in the word's bytes: the
 * symbols are a linked list, and the queue has each mergeable pair by rank.
 */
export const bytePairEncoder = ({ vocab, merges, unknown }: BytePairs): ((word: string) => number[]) => {
  const { names, find } = numberMerges(merges);
  const ids = names.map((name) => vocab.get(name) ?? unknown);

  return (word) => {
    const bytes = utf8.encode(word);
    const last = bytes.length - 1;
    const symbols = Int32Array.from(bytes, (byte, at) => (at === last ? byte + LETTERS.length : byte));
    const next = Int32Array.from(bytes, (_, at) => (at === last ? NONE : at + 1));
    const previous = Int32Array.from(bytes, (_, at) => at - 1);
    const queue = new MergeQueue();

    /** The merge of the symbol at a position with the next one. */
    const mergeAt = (at: number): Merge | undefined => {
      const after = next[at] ?? NONE;
      return after === NONE ? undefined : find(pairOf(symbols[at] ?? 0, symbols[after] ?? 0));
    };
    const enqueue = (at: number): void => {
      const merge = at === NONE ? undefined : mergeAt(at);
      if (merge !== undefined) queue.push(merge.rank, at);
    };
    const join = (at: number, merged: number): void => {
      const after = next[at] ?? NONE;
      const rest = next[after] ?? NONE;
      symbols[at] = merged;
      symbols[after] = NONE;
      next[at] = rest;
      if (rest !== NONE) previous[rest] = at;
    };

    for (let at = 0; at < last; at++) enqueue(at);
    /* All pairs of one rank are merged, from the left, before pairs that these merges create. */
    for (let lowest = queue.popLowest(); lowest !== null; lowest = queue.popLowest()) {
      for (const at of lowest.positions.sort((a, b) => a - b)) {
        /* Skips pairs that an earlier merge has changed. */
        const merge = symbols[at] === NONE ? undefined : mergeAt(at);
        if (merge?.rank !== lowest.rank) continue;
        join(at, merge.merged);
        enqueue(previous[at] ?? NONE);
        enqueue(at);
      }
    }
    const encoded: number[] = [];
    for (let at = 0; at !== NONE; at = next[at] ?? NONE) encoded.push(ids[symbols[at] ?? 0] ?? unknown);
    return encoded;
  };
};
