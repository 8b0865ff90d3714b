import { frame, idsOf, roomOf, tokenize, type Chunk, type Token } from '../token-chunks.js';
import type { TextEncoder } from '../encode-prompt.js';
import type { WeightedText } from './parse-a1111.js';

export interface CompelChunks {
  chunks: Chunk[];
  /** Of each piece: its first and last place, counted over all chunks; null where it has no token. */
  places: (readonly [first: number, last: number] | null)[];
}

/**
 * Chunks of 75 tokens, cut behind the last full stop in them, else behind the last of `. , ; :`, else between words.
 * Source: damian0815/compel src/compel/embeddings_provider.py at c60b9fbc, `_chunk_and_pad_token_ids` and
 * `_find_next_best_split_point` with `SplitLongTextMode.SENTENCES`, which is Compel's default.
 */
export const chunkCompel = (encoder: TextEncoder, pieces: readonly WeightedText[]): CompelChunks => {
  const { tokenizer } = encoder;
  const room = roomOf(tokenizer);
  const signs = ['.', ',', ';', ':'].map((sign) => idsOf(tokenizer, sign)[0]);
  const byPiece = pieces.map(({ text, weight }) => tokenize(encoder, text, weight).flat());
  const cutAt = (rest: readonly Token[]): number => {
    if (rest.length <= room) return room;
    const fits = rest.slice(0, room);
    const isWordEnd = ({ id, vector }: Token): boolean => vector !== null || tokenizer.endsWord(id);
    const ways = [
      fits.findLastIndex(({ id }) => id === signs[0]),
      fits.findLastIndex(({ id }) => signs.includes(id)),
      fits.findLastIndex(isWordEnd),
    ];
    return (ways.find((index) => index !== -1) ?? room - 1) + 1;
  };
  const chunks: Chunk[] = [];
  /** Place of each token. */
  const placeOf: number[] = [];
  let rest = byPiece.flat();
  do {
    const own = rest.slice(0, cutAt(rest));
    const start = chunks.length * (room + 2) + 1;
    own.forEach((_, index) => placeOf.push(start + index));
    chunks.push(frame(tokenizer, own));
    rest = rest.slice(own.length);
  } while (rest.length > 0);
  let counted = 0;
  const places = byPiece.map((tokens) => {
    const [first, last] = [placeOf[counted], placeOf[counted + tokens.length - 1]];
    counted += tokens.length;
    return tokens.length === 0 || first === undefined || last === undefined ? null : ([first, last] as const);
  });
  return { chunks, places };
};
