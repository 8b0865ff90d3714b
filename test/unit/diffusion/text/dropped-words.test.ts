import { droppedWords } from '#src/diffusion/text/dropped-words.js';
import { readTokenizer } from '#src/diffusion/text/tokenizer/read-tokenizer.js';
import { goldenData } from '../../../support/golden.js';

it('dropped words begin with the first word that does not fit', async () => {
  const tokenizer = await readTokenizer(goldenData('clip-vocab'));
  const encoder = { tokenizer };
  const words = (count: number) => Array.from({ length: count }, () => 'cat').join(' ');
  expect(droppedWords(encoder, words(75))).toBeNull();
  expect(droppedWords(encoder, `${words(75)}  red  fox`)).toBe('red  fox');
  expect(droppedWords(encoder, `${words(74)} fox-like, dog`)).toBe('fox-like, dog');
});

it('white space of every kind is no word, so a prompt of it takes no time', async () => {
  const real = await readTokenizer(goldenData('clip-vocab'));
  let calls = 0;
  const tokenizer: typeof real = {
    ...real,
    encode: (text) => real.encode(text),
    encodeUntruncated: (text) => {
      calls++;
      return real.encodeUntruncated(text);
    },
  };
  const prompt = `${'\u0085 '.repeat(5000)}${'cat '.repeat(80)}`;
  expect(droppedWords({ tokenizer }, prompt)).toBe('cat '.repeat(5));
  expect(calls).toBeLessThan(100);
});

it('an embedding counts by its vectors, not by its name', async () => {
  const tokenizer = await readTokenizer(goldenData('clip-vocab'));
  const embeddings = new Map([['style', Array.from({ length: 20 }, () => new Float32Array(4))]]);
  const cats = (count: number) => Array.from({ length: count }, () => 'cat').join(' ');
  expect(droppedWords({ tokenizer, embeddings }, `${cats(55)} style`)).toBeNull();
  expect(droppedWords({ tokenizer, embeddings }, `${cats(56)} style`)).toBe('style');
});
