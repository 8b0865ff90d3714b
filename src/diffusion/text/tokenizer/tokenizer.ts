/**
 * CLIP's tokenizer: a prompt as token ids, exactly as transformers 5.23 numbers it (models/clip/tokenization_clip.py,
 * over the tokenizers library). docs/decisions/0003-tokenizer.md says why it is ours.
 */
import { bytePairEncoder, END_OF_WORD } from './byte-pair-encoding.js';

/** A token that is found in a prompt as it stands, before any word is cut. */
export interface AddedToken {
  content: string;
  id: number;
  /** Looked for after the prompt is normalized (so whatever its case), or in the prompt as written. */
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
    /** Ids of one prompt, the begin and end tokens among them: 77. */
    maxLength: number;
  };
}

export interface Tokenizer {
  /** i32 [maxLength]: begin, as much of the prompt as fits, end, padding. */
  encode(prompt: string): Int32Array;
  /** Begin, all of the prompt, end. */
  encodeUntruncated(prompt: string): number[];
  /** Whether a token ends a word, and not only its beginning. */
  endsWord(id: number): boolean;
}

/** Letters go together, digits one by one, and what is neither goes together; English contractions are words. */
const WORD = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;
/** The names of CLIP's own tokens, where they are not found as added tokens, end a run of signs: `|>…` is two words there. */
const PIECE = new RegExp(`<\\|(?:start|end)oftext\\|>|${WORD.source}`, 'gu');
const words = (text: string): string[] => matches(text, PIECE).flatMap((piece) => matches(piece, WORD));
const matches = (text: string, pattern: RegExp): string[] => text.match(pattern) ?? [];

/** Lower case letter by letter: a whole string would get Greek's final sigma, which the tokenizers library does not know. */
const lowerCase = (text: string): string => Array.from(text, (letter) => letter.toLowerCase()).join('');
const normalize = (text: string): string => lowerCase(text.normalize('NFC').replace(/\p{White_Space}+/gu, ' '));

/** Cuts text at the tokens, the longest first, into ids and the text between them. */
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
