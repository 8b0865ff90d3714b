import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergeConfig } from '#src/cli/config.js';
import { temporaryFolder } from '../../support/run-cli.js';
import { parsedCommand } from './commands.js';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const config = join(folder, 'sdxl-refine.json');
writeFileSync(config, '{"strength": 0.1, "steps": 10, "seed": 1, "metadata": false, "original_size": [8, 16]}');
writeFileSync(join(folder, 'other.yaml'), 'strength: 0.4');

const merge = (args: readonly string[], env: Record<string, string> = {}) =>
  mergeConfig<Record<string, unknown>>(parsedCommand(args), ['manifest.jsonl'], { env, cwd: () => folder });

it('option beats environment beats file beats default', async () => {
  const env = { SDXL_REFINE_STRENGTH: '0.2', SDXL_REFINE_STEPS: '20' };
  const { flags, settings, file } = await merge(['--strength', '0.3'], env);
  expect(file).toBe(config);
  expect(settings).toMatchObject({
    strength: { value: 0.3, source: 'option' },
    steps: { value: 20, source: 'env' },
    seed: { value: 1, source: 'config' },
    metadata: { value: false, source: 'config' },
    original_size: { value: [8, 16], source: 'config' },
    output_dir: { value: 'refined', source: 'default' },
    prompt: { value: null, source: 'default' },
  });
  expect(flags).toEqual({
    strength: '0.3',
    steps: '20',
    seed: '1',
    metadata: false,
    originalSize: '[8,16]',
    outputDir: 'refined',
    device: 'auto',
    errorThreshold: '-1',
  });
});

it('an option that says what the default says is an option', async () => {
  expect((await merge(['--output-dir', 'refined'])).settings).toMatchObject({
    output_dir: { value: 'refined', source: 'option' },
  });
});

it('--config beats SDXL_REFINE_CONFIG beats the file that is found, and --no-config all', async () => {
  const other = { SDXL_REFINE_CONFIG: 'other.yaml' };
  expect((await merge([], other)).settings['strength']).toEqual({ value: 0.4, source: 'config' });
  expect((await merge(['--config', config], other)).settings['strength']).toEqual({ value: 0.1, source: 'config' });
  expect(await merge(['--no-config'], other)).toMatchObject({ file: null, settings: { strength: { value: 0.3 } } });
  expect((await merge([], { SDXL_REFINE_CONFIG: '' })).file).toBe(config);
});

it('an option that is wrong is refused under its own name', async () => {
  await expect(merge(['--strength', '2'])).rejects.toMatchObject({
    code: 'USAGE_OPTION_INVALID',
    message: 'Expected --strength to be a number from 0 to 1, got 2',
  });
});
