import { cutWords } from '#src/diffusion/text/dropped-words.js';
import { readTokenizer } from '#src/diffusion/text/tokenizer/read-tokenizer.js';
import { goldenData } from '../../../support/golden.js';

test('says from which word on nothing counts', async () => {
  const tokenizer = await readTokenizer(goldenData('clip-vocab'));
  const encoder = { tokenizer };
  const words = (count: number) => Array.from({ length: count }, () => 'cat').join(' ');
  expect(cutWords(encoder, words(75))).toBeNull();
  expect(cutWords(encoder, `${words(75)}  red  fox`)).toBe('red  fox');
  expect(cutWords(encoder, `${words(74)} fox-like, dog`)).toBe('fox-like, dog');
});

test('counts the vectors of an embedding, not the letters of its name', async () => {
  const tokenizer = await readTokenizer(goldenData('clip-vocab'));
  const embeddings = new Map([['style', Array.from({ length: 20 }, () => new Float32Array(4))]]);
  const cats = (count: number) => Array.from({ length: count }, () => 'cat').join(' ');
  expect(cutWords({ tokenizer, embeddings }, `${cats(55)} style`)).toBeNull();
  expect(cutWords({ tokenizer, embeddings }, `${cats(56)} style`)).toBe('style');
});
