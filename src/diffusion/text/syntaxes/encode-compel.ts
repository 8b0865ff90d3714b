/** Encodes prompts as Compel (damian0815/compel src/compel/compel.py and embeddings_provider.py at c60b9fbc, as `CompelForSDXL` uses them). */
import { tensor, type Tensor } from '../../../tensor/tensor.js';
import { frameChunk, type Chunk } from '../token-chunks.js';
import { chunkCompel } from './chunk-compel.js';
import { encodeChunk } from '../encode-chunk.js';
import { encodePlain } from './encode-plain.js';
import type { EncodedText, EncodeTexts } from '../encoded-text.js';
import type { TextEncoder } from '../encode-prompt.js';
import { expectRuns } from '../expect-runs.js';
import { parseCompel, type CompelPrompt } from './parse-compel.js';
import { interpolateFromEmpty } from './interpolate-from-empty.js';

/** Smallest weight: 0 would have an infinite effect. */
const SMALLEST = 1e-5;

/** As in Compel, the pooled embedding is that of the text as written, including its syntax, truncated to one chunk. */
export const encodeCompel: EncodeTexts = async (encoder, texts, counts) => {
  const plans = texts.map((text) => planOf(encoder, text));
  const { hidden: empty } = await encodeChunk(encoder, frameChunk(encoder.tokenizer, []));
  const written = await encodePlain(encoder, texts, counts);
  const encoded: EncodedText[] = [];
  for (const [index, plan] of plans.entries()) {
    encoded.push({ chunks: await encodeOne(encoder, plan, empty), pooled: written[index]?.pooled, padding: empty });
  }
  return encoded;
};

/** A prompt whose pieces are in chunks. */
interface Plan extends Omit<CompelPrompt, 'prompts'> {
  prompts: readonly PlannedPrompt[];
}

interface PlannedPrompt {
  chunks: readonly Chunk[];
  /** Pieces of weight below 1: first and last position, counted over all chunks, and weight. */
  lighter: readonly { range: readonly [number, number]; weight: number }[];
}

const planOf = (encoder: TextEncoder, text: string): Plan => {
  const { prompts, ...parsed } = parseCompel(text);
  const planned: PlannedPrompt[] = [];
  let [all, longest, runs] = [0, 0, 0];
  for (const pieces of prompts) {
    const { chunks, positions } = chunkCompel(encoder, pieces);
    const lighter = pieces.flatMap(({ weight }, index) => {
      const range = positions[index];
      return weight >= 1 || range == null ? [] : [{ range, weight }];
    });
    all += chunks.length;
    longest = Math.max(longest, chunks.length);
    runs += chunks.length * (1 + lighter.length);
    planned.push({ chunks, lighter });
  }
  expectRuns(parsed.kind === 'and' ? all : longest, runs);
  return { ...parsed, prompts: planned };
};

const encodeOne = async (
  encoder: TextEncoder,
  { kind, prompts, weights, normalizes }: Plan,
  empty: Tensor,
): Promise<Tensor[]> => {
  const all: Tensor[][] = [];
  for (const prompt of prompts) all.push(await encodePieces(encoder, prompt, empty));
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
  { chunks, lighter }: PlannedPrompt,
  empty: Tensor,
): Promise<Tensor[]> => {
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
  if (lighter.length === 0) return encode();
  const shares = asShares([
    1,
    ...lighter.map(({ weight }) => Math.tan(((1 - Math.max(SMALLEST, weight)) * Math.PI) / 2)),
  ]);
  /* Added up as they come: a long prompt has hundreds of versions. */
  const sums = chunks.map(() => new Float32Array(empty.data.length));
  for (const [index, range] of [undefined, ...lighter.map((piece) => piece.range)].entries()) {
    const version = await encode(range);
    sums.forEach((sum, chunk) => {
      addTo(sum, version[chunk] as Tensor, shares[index] ?? 0);
    });
  }
  return sums.map((sum) => tensor(sum, empty.dims));
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
  for (const { part, weight } of counted) addTo(mixed, part, weight);
  return tensor(mixed, first.dims);
};

const addTo = (sum: Float32Array, { data }: Tensor, weight: number): void => {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + Math.fround(weight * (data[i] ?? 0));
};
