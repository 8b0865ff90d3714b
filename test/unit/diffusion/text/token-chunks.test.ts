import { chunkA1111 } from '#src/diffusion/text/syntaxes/chunk-a1111.js';
import { chunkComfy } from '#src/diffusion/text/syntaxes/chunk-comfy.js';
import { chunkCompel } from '#src/diffusion/text/syntaxes/chunk-compel.js';
import type { Chunk } from '#src/diffusion/text/token-chunks.js';
import type { TextEncoder } from '#src/diffusion/text/encode-prompt.js';
import { parseA1111 } from '#src/diffusion/text/syntaxes/parse-a1111.js';
import { parseComfy } from '#src/diffusion/text/syntaxes/parse-comfy.js';
import { readTokenizer } from '#src/diffusion/text/tokenizer/read-tokenizer.js';
import { goldenData } from '../../../support/golden.js';

const tokenizer = await readTokenizer(goldenData('clip-vocab'));
const vector = (value: number) => new Float32Array(4).fill(value);
const encoder = {
  tokenizer,
  embeddings: new Map([
    ['cat-toy', [vector(1), vector(2), vector(3)]],
    ['wide', Array.from({ length: 80 }, (_, index) => vector(index))],
  ]),
} as unknown as TextEncoder;

const BEGIN = 49406;
const END = 49407;
/** Ids of words that are one token each. */
const idOf = (word: string): number => tokenizer.encodeUntruncated(word)[1] ?? 0;
const CAT = idOf('cat');
const COMMA = idOf(',');

/** What lies between begin and the first end; vectors by their first number. */
const inside = (chunk: Chunk): (number | string)[] => {
  const end = chunk.findIndex(({ id }, place) => place > 0 && id === END);
  return chunk.slice(1, end).map(({ id, vector: own }) => (own === null ? id : `v${own[0]}`));
};
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const words = (count: number): string => times(count, 'cat').join(' ');

/* The layouts of docs/prompts.md. */
describe('A1111', () => {
  const layout = (prompt: string) => chunkA1111(encoder, parseA1111(prompt)).map(inside);

  it('75 words are one chunk, 76 are two, none are one', () => {
    expect(layout('')).toEqual([[]]);
    expect(layout(words(75))).toEqual([times(75, CAT)]);
    expect(layout(words(76))).toEqual([times(75, CAT), [CAT]]);
  });

  it('tokens after a comma near the end move to the next chunk', () => {
    expect(layout(`${words(60)}, ${words(20)}`)).toEqual([[...times(60, CAT), COMMA], times(20, CAT)]);
    expect(layout(`${words(50)}, ${words(30)}`)).toEqual([
      [...times(50, CAT), COMMA, ...times(24, CAT)],
      times(6, CAT),
    ]);
  });

  it('BREAK pads the chunk', () => {
    expect(layout('cat BREAK cat cat')).toEqual([[CAT], [CAT, CAT]]);
  });

  it('each chunk has 77 positions: begin, tokens, end, padding', () => {
    const [first = [], second = []] = chunkA1111(encoder, parseA1111('(cat:1.5) BREAK cat'));
    expect([first.length, second.length]).toEqual([77, 77]);
    expect([first[0]?.id, first[1]?.weight, first[2]?.id, first[2]?.weight]).toEqual([BEGIN, 1.5, END, 1]);
    expect(new Set(second.slice(3).map(({ id }) => id)).size).toBe(1);
  });

  it('the vectors of an embedding stay together', () => {
    expect(layout(`${words(73)} Cat-Toy cat`)).toEqual([times(73, CAT), ['v1', 'v2', 'v3', CAT]]);
    expect(layout('cat-toys, embedding:cat-toy')[0]).toEqual(expect.arrayContaining(['v1', 'v2', 'v3']));
    expect(layout('cat-toys')[0]).not.toContain('v1');
    expect(layout('wide')).toEqual([[], Array.from({ length: 75 }, (_, index) => `v${index}`)]);
  });
});

describe('ComfyUI', () => {
  const layout = (prompt: string) => chunkComfy(encoder, parseComfy(prompt)).map(inside);

  it('75 words are one chunk, 76 are two, and commas do not matter', () => {
    expect(layout(words(75))).toEqual([times(75, CAT)]);
    expect(layout(words(76))).toEqual([times(75, CAT), [CAT]]);
    expect(layout(`${words(60)}, ${words(20)}`)).toEqual([
      [...times(60, CAT), COMMA, ...times(14, CAT)],
      times(6, CAT),
    ]);
  });

  it('a word moves to the next chunk as a whole, unless it has 8 tokens or more', () => {
    const short = 'qzxv';
    const long = 'qzxvqzxvqzxvqzxv';
    const count = tokenizer.encodeUntruncated(short).length - 2;
    expect(count).toBeGreaterThan(1);
    expect(count).toBeLessThan(8);
    expect(layout(`${words(74)} ${short}`).map((chunk) => chunk.length)).toEqual([74, count]);
    const all = tokenizer.encodeUntruncated(long).length - 2;
    expect(all).toBeGreaterThanOrEqual(8);
    expect(layout(`${words(74)} ${long}`).map((chunk) => chunk.length)).toEqual([75, all - 1]);
  });

  it('embeddings need the prefix embedding:', () => {
    expect(layout('embedding:cat-toy, cat')).toEqual([['v1', 'v2', 'v3', COMMA, CAT]]);
    expect(layout('cat-toy')[0]).not.toContain('v1');
  });
});

describe('Compel', () => {
  const layout = (text: string) => chunkCompel(encoder, [{ text, weight: 1 }]).chunks.map(inside);
  const STOP = idOf('.');

  it('chunks end after a full stop, else after a comma, else between words', () => {
    expect(layout(`${words(40)}. ${words(20)}, ${words(20)}`)).toEqual([
      [...times(40, CAT), STOP],
      [...times(20, CAT), COMMA, ...times(20, CAT)],
    ]);
    expect(layout(`${words(40)}, ${words(40)}`)).toEqual([[...times(40, CAT), COMMA], times(40, CAT)]);
    expect(layout(`${words(74)} qzxv`)[0]).toEqual(times(74, CAT));
    expect(layout(words(80))).toEqual([times(75, CAT), times(5, CAT)]);
  });

  it('each piece has its positions over all chunks', () => {
    const { positions } = chunkCompel(encoder, [
      { text: words(70), weight: 1 },
      { text: '', weight: 0.5 },
      { text: words(10), weight: 0.5 },
    ]);
    expect(positions).toEqual([[1, 70], null, [71, 82]]);
  });
});
