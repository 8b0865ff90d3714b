import { resolve } from 'node:path';
import { parseLoras } from '#src/app/cli/options/lora-options.js';

it.each([
  ['ink.safetensors', 'ink', 'ink.safetensors', 1],
  ['styles/ink.v2.safetensors:0.6', 'ink.v2', 'styles/ink.v2.safetensors', 0.6],
  ['ink.safetensors:-1', 'ink', 'ink.safetensors', -1],
  ['a:b.safetensors:.5', 'a:b', 'a:b.safetensors', 0.5],
  ['a:b.safetensors', 'a:b', 'a:b.safetensors', 1],
])('%s', (text, name, file, weight) => {
  expect(parseLoras(text, '/run')).toEqual([{ name, file: resolve('/run', file), weight }]);
});

it('takes none, one or a list', () => {
  expect(parseLoras(undefined, '/run')).toEqual([]);
  expect(parseLoras(['a.safetensors', 'b.safetensors:2'], '/run')).toMatchObject([
    { name: 'a' },
    { name: 'b', weight: 2 },
  ]);
});

it('refuses two of one name', () => {
  expect(() => parseLoras(['x/a.safetensors', 'y/a.safetensors'], '/run')).toThrow('Two LoRAs have the name "a"');
});
