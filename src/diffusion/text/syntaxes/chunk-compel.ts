import { frameChunk, tokenIds, tokensPerChunk, tokenize, type Chunk, type Token } from '../token-chunks.js';
import type { TextEncoder } from '../encode-prompt.js';
import type { WeightedText } from './parse-a1111.js';

export interface CompelChunks {
  chunks: Chunk[];
  /** First and last position of each piece, counted over all chunks; null for a piece without tokens. */
  positions: (readonly [first: number, last: number] | null)[];
}

/**
 * Splits into chunks of 75 tokens, after their last full stop, else after the last of `. , ; :`, else between words.
 * Source: damian0815/compel src/compel/embeddings_provider.py at c60b9fbc, `_chunk_and_pad_token_ids` and
 * `_find_next_best_split_point` with `SplitLongTextMode.SENTENCES`, which is Compel's default.
 */
export const chunkCompel = (encoder: TextEncoder, pieces: readonly WeightedText[]): CompelChunks => {
  const { tokenizer } = encoder;
  const room = tokensPerChunk(tokenizer);
  const signs = ['.', ',', ';', ':'].map((sign) => tokenIds(tokenizer, sign)[0]);
  const byPiece = pieces.map(({ text, weight }) => tokenize(encoder, text, weight).flat());
  const cutAt = (rest: readonly Token[]): number => {
    if (rest.length <= room) return room;
    const fits = rest.slice(0, room);
    const isWordEnd = ({ id, vector }: Token): boolean => vector !== null || tokenizer.endsWord(id);
    const candidates = [
      fits.findLastIndex(({ id }) => id === signs[0]),
      fits.findLastIndex(({ id }) => signs.includes(id)),
      fits.findLastIndex(isWordEnd),
    ];
    return (candidates.find((index) => index !== -1) ?? room - 1) + 1;
  };
  const chunks: Chunk[] = [];
  /** Position of each token. */
  const tokenPositions: number[] = [];
  let rest = byPiece.flat();
  do {
    const own = rest.slice(0, cutAt(rest));
    const start = chunks.length * (room + 2) + 1;
    own.forEach((_, index) => tokenPositions.push(start + index));
    chunks.push(frameChunk(tokenizer, own));
    rest = rest.slice(own.length);
  } while (rest.length > 0);
  let counted = 0;
  const positions = byPiece.map((tokens) => {
    const [first, last] = [tokenPositions[counted], tokenPositions[counted + tokens.length - 1]];
    counted += tokens.length;
    return tokens.length === 0 || first === undefined || last === undefined ? null : ([first, last] as const);
  });
  return { chunks, positions };
};
