import { configKeys } from '#src/app/cli/config/config-keys.js';
import { readEnvironment } from '#src/app/cli/config/environment.js';
import { parsedCommand } from '../commands.js';

const keys = configKeys(parsedCommand());
const read = (env: Record<string, string>) => Object.fromEntries(readEnvironment(keys, env));

it('reads every option under the prefix, typed', () => {
  expect(
    read({
      SDXL_REFINE_OUTPUT_DIR: 'out',
      SDXL_REFINE_STRENGTH: '0.25',
      SDXL_REFINE_OVERWRITE: '1',
      SDXL_REFINE_METADATA: 'false',
      SDXL_REFINE_ORIGINAL_SIZE: '[512, 640]',
      SDXL_REFINE_PROMPT: 'a cat',
      STRENGTH: '0.9',
    }),
  ).toEqual({
    output_dir: 'out',
    strength: 0.25,
    overwrite: true,
    metadata: false,
    original_size: [512, 640],
    prompt: 'a cat',
  });
});

it('an empty variable is not set', () => {
  expect(read({ SDXL_REFINE_STRENGTH: '', SDXL_REFINE_PROMPT: '' })).toEqual({});
});

it.each([
  ['SDXL_REFINE_STRENGHT', 'SDXL_REFINE_STRENGTH'],
  ['SDXL_REFINE_OUTPUTDIR', 'SDXL_REFINE_OUTPUT_DIR'],
  ['SDXL_REFINE_NUM_INFERENCE_STEPS', 'SDXL_REFINE_STEPS'],
])('%s is a slip of %s', (variable, near) => {
  expect(() => read({ [variable]: '1' })).toThrow(
    expect.objectContaining({ code: 'USAGE_OPTION_INVALID', context: { variable, nearest: near } }),
  );
});

it('names that are near nothing are somebody else’s', () => {
  expect(read({ SDXL_REFINE_CACHE_FOLDER: 'x', SDXL_REFINE_CONFIG: 'settings.json' })).toEqual({});
});

it('a value that its option does not take is refused under the variable’s name', () => {
  expect(() => read({ SDXL_REFINE_STEPS: '0' })).toThrow(
    'Expected SDXL_REFINE_STEPS to be an integer from 1 to 1000, got 0',
  );
});
