import { resolve } from 'node:path';
import { parseEmbeddings } from '#src/app/cli/options/embedding-options.js';

it('splits a name and a file at the first equals sign', () => {
  expect(parseEmbeddings(undefined, '/run')).toEqual([]);
  expect(parseEmbeddings(['<cat-toy>=toys/cat.safetensors', 'b=/x=y.safetensors'], '/run')).toEqual([
    { name: '<cat-toy>', file: resolve('/run/toys/cat.safetensors') },
    { name: 'b', file: resolve('/x=y.safetensors') },
  ]);
});

it.each(['cat.safetensors', '=cat.safetensors', 'a cat=x', 'cat='])('refuses %s', (text) => {
  expect(() => parseEmbeddings([text], '/run')).toThrow(/Expected --embedding to be <name>=<file>/);
});

it('refuses one name twice, whatever its case', () => {
  expect(() => parseEmbeddings(['Cat=a', 'cat=b'], '/run')).toThrow(/the name "cat"/);
});
