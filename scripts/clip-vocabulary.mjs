/**
 * The vocab.json of a CLIP tokenizer, made of its merges.txt: the letters for each byte, the same at the end of a word, what each merge
 * joins, and two special tokens, numbered in this order (openai/CLIP, simple_tokenizer.py). In the form of Python's json.dumps.
 */
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => first + index);
/** Bytes that stand for themselves; the others are letters from U+0100 on. */
const PRINTABLE = [...range(33, 126), ...range(161, 172), ...range(174, 255)];
const LETTERS = [...PRINTABLE, ...range(256, 511 - PRINTABLE.length)].map((code) => String.fromCodePoint(code));
const SPECIAL = ['<|startoftext|>', '<|endoftext|>'];

export const vocabularyOf = (merges) => {
  /* The first line is the version. */
  const lines = merges.toString('utf8').trim().split('\n').slice(1);
  const joined = lines.map((line) => line.replace(' ', ''));
  const words = [...LETTERS, ...LETTERS.map((letter) => `${letter}</w>`), ...joined, ...SPECIAL];
  return Buffer.from(`{${words.map((word, id) => `${JSON.stringify(word)}: ${id}`).join(', ')}}`);
};
