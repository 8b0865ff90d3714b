import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergeConfig } from '#src/app/cli/config/config.js';
import { temporaryFolder } from '../../../../support/run-cli.js';
import { parsedCommand } from '../commands.js';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const config = join(folder, 'sdxl-refine.json');
writeFileSync(config, '{"strength": 0.1, "steps": 10, "seed": 1, "metadata": false, "original_size": [8, 16]}');
writeFileSync(join(folder, 'other.yaml'), 'strength: 0.4');

const silent = { write: () => undefined };

const merge = (
  args: readonly string[],
  env: Record<string, string> = {},
  stderr: { write: (text: string) => void } = silent,
) => mergeConfig<Record<string, unknown>>(parsedCommand(args), ['manifest.jsonl'], { env, cwd: () => folder, stderr });

it('option beats environment beats file beats default', async () => {
  const env = { SDXL_REFINE_STRENGTH: '0.2', SDXL_REFINE_STEPS: '20' };
  const { flags, settings, file } = await merge(['--strength', '0.3'], env);
  expect(file).toBe(config);
  expect(settings).toMatchObject({
    strength: { value: 0.3, source: 'option' },
    steps: { value: 20, source: 'env' },
    seed: { value: 1, source: 'config', file: config },
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
  expect((await merge([], other)).settings['strength']).toEqual({
    value: 0.4,
    source: 'config',
    file: join(folder, 'other.yaml'),
  });
  expect((await merge(['--config', config], other)).settings['strength']).toMatchObject({
    value: 0.1,
    source: 'config',
  });
  expect(await merge(['--no-config'], other)).toMatchObject({ file: null, settings: { strength: { value: 0.3 } } });
  expect((await merge([], { SDXL_REFINE_CONFIG: '' })).file).toBe(config);
});

it('an option that is wrong is refused under its own name', async () => {
  await expect(merge(['--strength', '2'])).rejects.toMatchObject({
    code: 'USAGE_OPTION_INVALID',
    message: 'Expected --strength to be a number from 0 to 1, got 2.',
  });
});

it('the user’s own file is below the found one, and may set everything', async () => {
  mkdirSync(join(folder, 'home/sdxl-refine'), { recursive: true });
  const own = join(folder, 'home/sdxl-refine/config.yaml');
  writeFileSync(own, 'strength: 0.9\noutput_dir: pictures\noverwrite: true\nlimit: 4\n');
  const env = { XDG_CONFIG_HOME: join(folder, 'home') };
  const { flags, file, userFile, settings } = await merge(['--limit', '2'], env);
  expect([file, userFile]).toEqual([config, own]);
  expect(flags).toMatchObject({ strength: '0.1', overwrite: true, limit: '2' });
  expect(settings).toMatchObject({
    strength: { value: 0.1, file: config },
    output_dir: { value: join('home', 'sdxl-refine', 'pictures'), source: 'config', file: own },
    overwrite: { value: true, file: own },
    limit: { source: 'option' },
  });
  expect((await merge(['--no-config'], env)).userFile).toBeNull();
});

describe('a file that is found and not named', () => {
  const attempts: [string, string][] = [
    ['output_dir', '/tmp/elsewhere'],
    ['overwrite', 'true'],
    ['limit', '1'],
    ['error_threshold', '3'],
    ['device', 'cpu'],
    ['model', 'https://example.com/model'],
    ['model', 'somebody/refiner'],
    ['model', String.raw`"\\\\host\\share\\refiner"`],
  ];
  it.each(attempts)('may not set %s: %s', async (key, value) => {
    const place = join(folder, `found-${attempts.findIndex((one) => one[0] === key && one[1] === value)}`);
    mkdirSync(place);
    const path = join(place, 'sdxl-refine.yaml');
    writeFileSync(path, `strength: 0.3\n${key}: ${value}\n`);
    const from = (args: readonly string[]) =>
      mergeConfig(parsedCommand(args), [join(place, 'manifest.jsonl')], { env: {}, cwd: () => folder, stderr: silent });
    await expect(from([])).rejects.toMatchObject({
      code: 'USAGE_CONFLICT',
      message: expect.stringContaining(`"${key}"`) as string,
    });
    await expect(from([])).rejects.toMatchObject({ message: expect.stringContaining(`--config ${path}`) as string });
    /* The same file, named, is the user's word. */
    expect((await from(['--config', path])).settings[key]).toMatchObject({ source: 'config', file: path });
    expect((await from(['--no-config'])).file).toBeNull();
  });

  it('may name a model that is here', async () => {
    const place = join(folder, 'with-model');
    mkdirSync(join(place, 'refiner'), { recursive: true });
    writeFileSync(join(place, 'sdxl-refine.yaml'), 'model: refiner\n');
    const { settings } = await mergeConfig(parsedCommand(), [place], { env: {}, cwd: () => place, stderr: silent });
    expect(settings['model']).toMatchObject({ value: 'refiner' });
  });
});
