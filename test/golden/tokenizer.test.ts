/** Every recorded prompt against transformers' ids, with CLIP's whole vocabulary. */
import { readFileSync } from 'node:fs';
import { readTokenizer } from '#src/diffusion/text/tokenizer/read-tokenizer.js';

const FOLDER = 'test/golden/data/clip-vocab';
const golden = JSON.parse(readFileSync(`${FOLDER}/tokens.json`, 'utf8')) as {
  prompt: string;
  ids: number[];
  untruncated: number[];
}[];
const tokenizer = await readTokenizer(FOLDER);

it.each(golden)('$prompt', ({ prompt, ids, untruncated }) => {
  expect(tokenizer.encodeUntruncated(prompt)).toEqual(untruncated);
  expect(tokenizer.encode(prompt)).toEqual(Int32Array.from(ids));
});

/** Read off transformers 5.23, `CLIPTokenizer.from_pretrained` on the same folder. */
const CORNERS: [string, string, number[]][] = [
  ['no final sigma', 'ΟΔΥΣΣΕΥΣ', [138, 123, 138, 112, 139, 227, 139, 225, 139, 225, 138, 113, 139, 227, 139, 481]],
  ['U+0085 is a space', 'cat\u0085dog', [2368, 1929]],
  ['U+FEFF is none', 'cat\uFEFFdog', [2368, 171, 119, 379, 1929]],
  ['a lower case of two letters', 'İstanbul', [328, 16384, 11231]],
  ['a special token in capitals', '<|ENDOFTEXT|>', [49407]],
  ['a letter and its accent apart', 'e\u0301', [4166]],
  ['the pad token inside a word', 'a!b', [320, 0, 321]],
  ["names of JavaScript's own", 'toString constructor __proto__', [580, 9696, 13321, 1208, 3838, 44958, 3838]],
];

it.each(CORNERS)('%s', (_, prompt, ids) => {
  expect(tokenizer.encodeUntruncated(prompt)).toEqual([49406, ...ids, 49407]);
});
