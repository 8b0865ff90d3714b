/**
 * CLIP's tokenizer, with exactly the ids of transformers 5.23 (models/clip/tokenization_clip.py, over the tokenizers library).
 * docs/decisions/0003-tokenizer.md explains why it is not a package.
 */
import { bytePairEncoder, END_OF_WORD } from './byte-pair-encoding.js';

/** A token that is matched in the prompt before it is split into words. */
export interface AddedToken {
  content: string;
  id: number;
  /** Matched in the normalized prompt (in any case), or else in the prompt as written. */
  normalized: boolean;
}

export interface TokenizerParts {
  /** Token → id. */
  vocab: ReadonlyMap<string, number>;
  /** `left right`, in the order of `merges.txt`. */
  merges: readonly string[];
  config: {
    /** Ids. */
    begin: number;
    end: number;
    pad: number;
    unknown: number;
    addedTokens: readonly AddedToken[];
    /** Ids of one prompt with begin and end: 77. */
    maxLength: number;
  };
}

export interface Tokenizer {
  /** i32 [maxLength]: begin, the prompt (truncated), end, padding. */
  encode(prompt: string): Int32Array;
  /** Begin, the whole prompt, end. */
  encodeUntruncated(prompt: string): number[];
  /** Whether a token is the last of a word. */
  endsWord(id: number): boolean;
}

/** A word is a run of letters, one digit, a run of other signs, or an English contraction. */
const WORD = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;
/** Names of CLIP's special tokens end a run of signs even where they are not added tokens: `|>…` is then two words. */
const PIECE = new RegExp(`<\\|(?:start|end)oftext\\|>|${WORD.source}`, 'gu');
const words = (text: string): string[] => matches(text, PIECE).flatMap((piece) => matches(piece, WORD));
const matches = (text: string, pattern: RegExp): string[] => text.match(pattern) ?? [];

/** Letter by letter, as in the tokenizers library: on a whole string, `toLowerCase` makes Greek final sigmas. */
const lowerCase = (text: string): string => Array.from(text, (letter) => letter.toLowerCase()).join('');
const normalize = (text: string): string => lowerCase(text.normalize('NFC').replace(/\p{White_Space}+/gu, ' '));

/** Splits text at the tokens, longest first, into ids and the text between them. */
const cutAt = (tokens: ReadonlyMap<string, number>): ((text: string) => (string | number)[]) => {
  if (tokens.size === 0) return (text) => [text];
  const longestFirst = [...tokens.keys()].sort((a, b) => b.length - a.length);
  const pattern = longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|');
  const cut = new RegExp(`(${pattern})`, 'u');
  return (text) => text.split(cut).map((part) => tokens.get(part) ?? part);
};

export const createTokenizer = ({ vocab, merges, config }: TokenizerParts): Tokenizer => {
  const { begin, end, pad, unknown, addedTokens, maxLength } = config;
  const wordIds = bytePairEncoder({ vocab, merges, unknown });
  const cutAsWritten = cutAt(new Map(addedTokens.filter((t) => !t.normalized).map((t) => [t.content, t.id])));
  const cutNormalized = cutAt(
    new Map(addedTokens.filter((t) => t.normalized).map((t) => [normalize(t.content), t.id])),
  );

  const textIds = (text: string): number[] =>
    cutNormalized(normalize(text)).flatMap((part) => (typeof part === 'number' ? part : words(part).flatMap(wordIds)));
  const encodeUntruncated = (prompt: string): number[] => [
    begin,
    ...cutAsWritten(prompt).flatMap((part) => (typeof part === 'number' ? part : textIds(part))),
    end,
  ];

  const encode = (prompt: string): Int32Array => {
    const ids = encodeUntruncated(prompt);
    const padded = new Int32Array(maxLength).fill(pad);
    padded.set(ids.slice(0, maxLength));
    if (ids.length > maxLength) padded[maxLength - 1] = end;
    return padded;
  };
  let wordEnds: ReadonlySet<number> | undefined;
  const endsWord = (id: number): boolean => {
    wordEnds ??= new Set([...vocab].flatMap(([token, of]) => (token.endsWith(END_OF_WORD) ? [of] : [])));
    return wordEnds.has(id);
  };
  return { encode, encodeUntruncated, endsWord };
};
