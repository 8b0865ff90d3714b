/** Encodes prompts as Compel (damian0815/compel src/compel/compel.py and embeddings_provider.py at c60b9fbc, as `CompelForSDXL` uses them). */
import { tensor, type Tensor } from '../../../tensor/tensor.js';
import { frameChunk } from '../token-chunks.js';
import { chunkCompel } from './chunk-compel.js';
import { encodeChunk } from '../encode-chunk.js';
import { encodePlain } from './encode-plain.js';
import type { EncodedText, EncodeTexts } from '../encoded-text.js';
import type { TextEncoder } from '../encode-prompt.js';
import type { WeightedText } from './parse-a1111.js';
import { parseCompel } from './parse-compel.js';
import { interpolateFromEmpty } from './interpolate-from-empty.js';

/** Smallest weight: 0 would have an infinite effect. */
const SMALLEST = 1e-5;

/** As in Compel, the pooled embedding is that of the text as written, including its syntax, truncated to one chunk. */
export const encodeCompel: EncodeTexts = async (encoder, texts, counts) => {
  const { hidden: empty } = await encodeChunk(encoder, frameChunk(encoder.tokenizer, []));
  const written = await encodePlain(encoder, texts, counts);
  const encoded: EncodedText[] = [];
  for (const [index, text] of texts.entries()) {
    encoded.push({ chunks: await encodeOne(encoder, text, empty), pooled: written[index]?.pooled, padding: empty });
  }
  return encoded;
};

const encodeOne = async (encoder: TextEncoder, text: string, empty: Tensor): Promise<Tensor[]> => {
  const { kind, prompts, weights, normalizes } = parseCompel(text);
  const all: Tensor[][] = [];
  for (const pieces of prompts) all.push(await encodePieces(encoder, pieces, empty));
  if (kind === 'and') {
    return all.flatMap((chunks, index) =>
      chunks.map((chunk) => mix([empty, chunk], awayFromEmpty(weights[index] ?? 1))),
    );
  }
  const count = Math.max(...all.map((chunks) => chunks.length));
  const shares = normalizes ? asShares(weights) : weights;
  return Array.from({ length: count }, (_, index) =>
    mix(
      all.map((chunks) => chunks[index] ?? empty),
      shares,
    ),
  );
};

const awayFromEmpty = (weight: number): [number, number] => [1 - weight, weight];

/**
 * Interpolates pieces of weight below 1 towards a prompt in which they are masked, by tan((1 - weight)·π/2): halfway at 0.5.
 * (`get_embeddings_for_weighted_prompt_fragments` with `DownweightMode.MASK`, Compel's default.)
 */
const encodePieces = async (
  encoder: TextEncoder,
  pieces: readonly WeightedText[],
  empty: Tensor,
): Promise<Tensor[]> => {
  const { chunks, positions } = chunkCompel(encoder, pieces);
  const length = encoder.config.positions;
  /** With positions `first` to `last` masked, except begin and end of chunks. */
  const encode = async ([first, last]: readonly [number, number] = [0, -1]): Promise<Tensor[]> => {
    const encoded: Tensor[] = [];
    for (const [index, chunk] of chunks.entries()) {
      const isMasked = (place: number): boolean => {
        const counted = index * length + place;
        return place > 0 && place < length - 1 && counted >= first && counted <= last;
      };
      const masked = new Set([...chunk.keys()].filter(isMasked));
      encoded.push(interpolateFromEmpty(chunk, (await encodeChunk(encoder, chunk, masked)).hidden, empty));
    }
    return encoded;
  };
  const versions = [await encode()];
  const weights = [1];
  for (const [index, { weight }] of pieces.entries()) {
    const range = positions[index];
    if (weight >= 1 || range == null) continue;
    versions.push(await encode(range));
    weights.push(Math.tan(((1 - Math.max(SMALLEST, weight)) * Math.PI) / 2));
  }
  const shares = asShares(weights);
  return chunks.map((_, index) =>
    mix(
      versions.map((version) => version[index] as Tensor),
      shares,
    ),
  );
};

const asShares = (weights: readonly number[]): number[] => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

/** Weighted sum; a single tensor of weight 1 is returned unchanged. */
const mix = (parts: readonly Tensor[], weights: readonly number[]): Tensor => {
  const counted = parts.flatMap((part, index) => (weights[index] === 0 ? [] : [{ part, weight: weights[index] ?? 0 }]));
  const [only, ...others] = counted;
  const first = parts[0] as Tensor;
  if (only?.weight === 1 && others.length === 0) return only.part;
  const mixed = new Float32Array(first.data.length);
  for (const { part, weight } of counted) {
    for (let i = 0; i < mixed.length; i++) mixed[i] = (mixed[i] ?? 0) + Math.fround(weight * (part.data[i] ?? 0));
  }
  return tensor(mixed, first.dims);
};
