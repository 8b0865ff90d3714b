import { checkSetting, configKeys, nearestSetting } from '#src/app/cli/config/config-keys.js';
import { parsedCommand } from '../commands.js';

const keys = configKeys(parsedCommand());
const keyOf = (name: string) => keys.find((key) => key.name === name)!;

it('every option is a key under one spelling, but those that say where settings come from', () => {
  expect(keys.map(({ name }) => name)).toEqual([
    'model',
    'output_dir',
    'device',
    'error_threshold',
    'limit',
    'overwrite',
    'metadata',
    'prompt',
    'strength',
    'steps',
    'seed',
    'original_size',
  ]);
  expect(keyOf('output_dir')).toMatchObject({ flag: '--output-dir', attribute: 'outputDir', isPath: true });
  expect(keyOf('device')).toMatchObject({ isPath: false });
});

it.each([
  ['output_dir', 'refined'],
  ['error_threshold', -1],
  ['limit', null],
  ['overwrite', false],
  ['metadata', true],
  ['strength', 0.3],
  ['seed', null],
])('default of %s: %p', (name, expected) => {
  expect(keyOf(name).default).toEqual(expected);
});

it.each([
  ['limit', '12', 12],
  ['error_threshold', '-1', -1],
  ['overwrite', 'true', true],
  ['overwrite', 'False', false],
  ['metadata', '0', false],
  ['strength', '0.25', 0.25],
  ['original_size', '512,640', [512, 640]],
  ['prompt', '5', '5'],
])('%s reads the text %p as %p', (name, text, expected) => {
  const key = keyOf(name);
  expect(checkSetting(key, key.read(text), name)).toEqual(expected);
});

it.each([
  ['limit', '1.5', 'Expected limit to be an integer, got "1.5"'],
  ['limit', '7', 'Expected limit to be an integer, got "7"; write it without quotes'],
  ['overwrite', 'yes', 'Expected overwrite to be true or false, got "yes"'],
  [
    'limit',
    keyOf('limit').read('9'.repeat(20)),
    `Expected limit to be an integer, got "${'9'.repeat(20)}"; the largest is 9007199254740991`,
  ],
  ['strength', '30%', 'Expected strength to be a number from 0 to 1, got "30%"; write 0.3'],
  ['strength', '0,3', 'Expected strength to be a number from 0 to 1, got "0,3"; write 0.3'],
  ['strength', 2, 'Expected strength to be a number from 0 to 1, got 2'],
  ['prompt', 5, 'Expected prompt to be text of at most 20000 characters, got 5; write it in quotes'],
  ['model', '', 'Expected model to be text that is not empty, got ""'],
])('%s refuses %p', (name, value, message) => {
  expect(() => checkSetting(keyOf(name), value, name)).toThrow(
    expect.objectContaining({ code: 'USAGE_OPTION_INVALID', message: `${message}.` }),
  );
});

it.each([
  ['strenght', 'strength'],
  ['output-dir', 'output_dir'],
  ['outputDir', 'output_dir'],
  ['num_inference_steps', 'steps'],
  ['image', null],
  ['colour', null],
])('the setting that %s was meant to be: %p', (name, expected) => {
  expect(nearestSetting(name, keys)).toBe(expected);
});
