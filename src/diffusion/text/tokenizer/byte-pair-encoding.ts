/**
 * Byte-pair encoding of one word into token ids.
 * Source: Sennrich et al. 2016, arXiv:1508.07909; bytes as letters as in GPT-2 (Radford et al. 2019), end-of-word mark as
 * in CLIP (Radford et al. 2021, arXiv:2103.00020).
 */
import { LowestFirst } from './merge-queue.js';

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

export interface BytePairs {
  /** Token → id. */
  vocab: ReadonlyMap<string, number>;
  /** `left right` in the order they were learned: the earlier wins. */
  merges: readonly string[];
  /** Id of what the vocabulary lacks. */
  unknown: number;
}

interface Merge {
  rank: number;
  /** Symbol that the pair becomes. */
  merged: number;
}

/** The merges by numbers of symbols: symbol 0 to 255 is a byte, 256 to 511 one that ends a word, the rest is merged from them. */
const numberMerges = (merges: readonly string[]): { names: string[]; find: (pair: number) => Merge | undefined } => {
  const names = [...LETTERS, ...LETTERS.map((letter) => `${letter}${END_OF_WORD}`)];
  const numbers = new Map(names.map((name, number) => [name, number]));
  const numberOf = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, names.length);
    return names.push(name) - 1;
  };
  const found = new Map<number, Merge>();
  for (const [rank, pair] of merges.entries()) {
    const [left = '', right = ''] = pair.split(' ');
    found.set(pairOf(numberOf(left), numberOf(right)), { rank, merged: numberOf(left + right) });
  }
  return { names, find: (pair) => found.get(pair) };
};

/** More symbols than any vocabulary has, and few enough for a pair of them to be an exact number. */
const MOST_SYMBOLS = 2 ** 26;
const pairOf = (left: number, right: number): number => left * MOST_SYMBOLS + right;

const NONE = -1;

/**
 * A function from a word (not empty, any Unicode) to its ids, at least one. In time n log n of the word's bytes: its symbols are
 * a linked list, and each pair that can be merged waits under its rank.
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
    const waiting = new LowestFirst();

    /** The merge of the symbol at a place with the one after it. */
    const mergeAt = (at: number): Merge | undefined => {
      const after = next[at] ?? NONE;
      return after === NONE ? undefined : find(pairOf(symbols[at] ?? 0, symbols[after] ?? 0));
    };
    const wait = (at: number): void => {
      const merge = at === NONE ? undefined : mergeAt(at);
      if (merge !== undefined) waiting.add(merge.rank, at);
    };
    const join = (at: number, merged: number): void => {
      const after = next[at] ?? NONE;
      const rest = next[after] ?? NONE;
      symbols[at] = merged;
      symbols[after] = NONE;
      next[at] = rest;
      if (rest !== NONE) previous[rest] = at;
    };

    for (let at = 0; at < last; at++) wait(at);
    /* All pairs of one rank are merged, from the left, before a pair that came to be meanwhile. */
    for (let lowest = waiting.take(); lowest !== null; lowest = waiting.take()) {
      for (const at of lowest.places.sort((a, b) => a - b)) {
        /* What has been merged into a neighbour since, or with another, waits no longer. */
        const merge = symbols[at] === NONE ? undefined : mergeAt(at);
        if (merge?.rank !== lowest.rank) continue;
        join(at, merge.merged);
        wait(previous[at] ?? NONE);
        wait(at);
      }
    }
    const encoded: number[] = [];
    for (let at = 0; at !== NONE; at = next[at] ?? NONE) encoded.push(ids[symbols[at] ?? 0] ?? unknown);
    return encoded;
  };
};
