import { cutWords } from '#src/text/cut-words.js';
import { readTokenizer } from '#src/text/read-tokenizer.js';
import { goldenData } from '../../support/golden.js';

test('says from which word on nothing counts', async () => {
  const tokenizer = await readTokenizer(goldenData('clip-vocab'));
  const words = (count: number) => Array.from({ length: count }, () => 'cat').join(' ');
  expect(cutWords(tokenizer, words(75))).toBeNull();
  expect(cutWords(tokenizer, `${words(75)}  red  fox`)).toBe('red  fox');
  expect(cutWords(tokenizer, `${words(74)} fox-like, dog`)).toBe('fox-like, dog');
});
