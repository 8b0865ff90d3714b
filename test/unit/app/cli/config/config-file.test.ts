import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { findConfigFile, readConfigFile } from '#src/app/cli/config/config-file.js';
import { configKeys } from '#src/app/cli/config/config-keys.js';
import { collect } from '#src/app/cli/options/lora-options.js';
import { temporaryFolder } from '../../../../support/run-cli.js';
import { parsedCommand } from '../commands.js';

const keys = configKeys(parsedCommand());
let folder: string;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const read = async (path: string, cwd = folder) => Object.fromEntries((await readConfigFile(path, cwd, keys)).settings);

describe('readConfigFile', () => {
  const expected = { strength: 0.25, original_size: [512, 640], prompt: 'two\nlines', overwrite: true, limit: 3 };

  it('reads JSON; null is absent, $schema is for editors', async () => {
    const path = write('a.json', JSON.stringify({ $schema: 'x', ...expected, seed: null }));
    expect(await read(path)).toEqual(expected);
  });

  it.each([
    ['a.json', '{"strength": 0.5, "strength": 0.6}'],
    ['a.yaml', 'strength: 0.5\nstrength: 0.6\n'],
    ['a.yaml', 'a: {b: 1, b: 2}\n'],
  ])('%s with the same key twice is refused: %j', async (name, text) => {
    await expect(read(write(name, text))).rejects.toMatchObject({
      code: 'USAGE_OPTION_INVALID',
      message: expect.stringMatching(/has the key "(?:strength|b)" twice/) as string,
    });
  });

  it.each([['? '.repeat(50)], ['? [a, b]\n: 1\n'], ['{a: b}: 1\n']])(
    'a key that is not a name is refused: %j',
    async (text) => {
      await expect(read(write('a.yaml', text))).rejects.toMatchObject({
        code: 'USAGE_OPTION_INVALID',
        message: expect.stringMatching(/^.{1,400}it has a key that is not a name/s) as string,
      });
    },
  );

  it('takes time in proportion to its keys', async () => {
    const path = write('many.yaml', Array.from({ length: 60_000 }, (_, at) => `k${at}: 1\n`).join(''));
    const before = process.cpuUsage();
    await expect(read(path)).rejects.toMatchObject({ code: 'USAGE_OPTION_INVALID' });
    const { user, system } = process.cpuUsage(before);
    /* Each key compared with all others would take a minute. */
    expect((user + system) / 1000).toBeLessThan(10_000);
  });

  it.each(['a.yaml', 'a.yml', 'A.YAML'])('reads YAML: %s', async (name) => {
    const text =
      'strength: 0.25 # a comment\noriginal_size: [512, 640]\nprompt: |-\n  two\n  lines\noverwrite: true\nlimit: 3\n';
    expect(await read(write(name, text))).toEqual(expected);
  });

  it('places are relative to the file, and returned as the command line would name them', async () => {
    mkdirSync(join(folder, 'jobs'));
    const path = write('jobs/a.json', '{"model": "../refiner", "output_dir": "out", "device": "cpu"}');
    expect(await read(path)).toEqual({ model: 'refiner', output_dir: join('jobs', 'out'), device: 'cpu' });
    expect(await read(path, join(folder, 'jobs', 'out'))).toMatchObject({ output_dir: '.' });
    expect(await read(write('b.json', JSON.stringify({ model: folder })))).toEqual({ model: folder });
    expect(await read(write('jobs/c.json', '{"model": "somebody/refiner"}'))).toEqual({ model: 'somebody/refiner' });
  });

  it('of lists, places alone are moved, and of <name>=<file> what follows the name', async () => {
    const command = new Command('batch')
      .option('--lora <file[:weight]>', '', collect)
      .option('--embedding <name=file>', '', collect)
      .option('--safety-blocklist <name>', '', collect);
    mkdirSync(join(folder, 'jobs'));
    const given = {
      lora: 'ink.safetensors:0.6',
      embedding: ['neg=a/neg.pt', 'b=c=d.pt', `x=${join(folder, 'x.pt')}`, 'none', '=x'],
      safety_blocklist: ['words', 'more'],
    };
    const path = write('jobs/a.json', JSON.stringify(given));
    expect(Object.fromEntries((await readConfigFile(path, folder, configKeys(command))).settings)).toEqual({
      lora: [join('jobs', 'ink.safetensors:0.6')],
      embedding: [`neg=${join('jobs', 'a/neg.pt')}`, `b=${join('jobs', 'c=d.pt')}`, ...given.embedding.slice(2)],
      safety_blocklist: given.safety_blocklist,
    });
  });

  it.each([
    ['a.json', '{"strenght": 0.2}', /Unknown key "strenght" in .*a\.json: did you mean "strength"\?/],
    ['a.json', '{"denoise": 0.3}', /did you mean "strength"\?/],
    ['a.json', '{"output-dir": "x"}', /did you mean "output_dir"\?/],
    ['a.json', '{"num_inference_steps": 2}', /did you mean "steps"\?/],
    ['a.json', '{"image": "cat.png"}', /Unknown key "image".*it belongs to a row of a manifest/],
    ['a.json', '{"colour": "red"}', /Unknown key "colour".*the keys are model, output_dir, /],
    ['a.json', '{"config": "b.json"}', /Unknown key "config"/],
    [
      'a.json',
      '{"strength": "0.2"}',
      /Expected strength in .*a\.json to be a number from 0 to 1, got "0\.2"; write it without quotes/,
    ],
    ['a.json', '{"strength": 0.2,}', /to be settings in a \.json, \.yaml or \.yml file: .*JSON/],
    ['a.json', '[1]', /it is not an object of keys and values/],
    ['a.yaml', '', /it is not an object of keys and values/],
    ['a.yaml', 'strength: [0.2', /at line 1/],
    ['a.yaml', 'steps: 2\nsteps: 3', /has the key "steps" twice/],
    ['a.yaml', 'steps: 2\n---\nsteps: 3', /multiple documents/i],
    ['a.yaml', 'overwrite: yes', /Expected overwrite in .* to be true or false, got "yes"/],
    ['a.yaml', Buffer.from([0x61, 0x3a, 0x20, 0xff]), /not valid/],
    ['a.yaml', `prompt: "${'x'.repeat(2 ** 20)}"`, /bytes; a file of settings may have at most 1048576/],
    ['a.toml', 'strength = 0.2', /it has another extension/],
  ])('%s %p is refused', async (name, text, message) => {
    await expect(read(write(name, text))).rejects.toMatchObject({
      code: 'USAGE_OPTION_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('aliases that would grow without bound are refused', async () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]`).slice(1);
    const path = write('a.yaml', ['a0: &a0 [x]', ...levels].join('\n'));
    await expect(read(path)).rejects.toMatchObject({ code: 'USAGE_OPTION_INVALID' });
  });

  it('a file that is not there is a usage error', async () => {
    await expect(read(join(folder, 'none.json'))).rejects.toMatchObject({ exitCode: 2 });
    await expect(read(folder)).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe('findConfigFile', () => {
  it('looks beside a manifest, and in the working directory for standard input', async () => {
    mkdirSync(join(folder, 'job', 'pictures'), { recursive: true });
    write('job/manifest.jsonl', '');
    const beside = write('job/sdxl-refine.yaml', '');
    const inside = write('job/pictures/sdxl-refine.json', '');
    mkdirSync(join(folder, 'job', 'plain'));
    expect(await findConfigFile('job/manifest.jsonl', folder)).toBe(beside);
    expect(await findConfigFile('job/pictures', folder)).toBe(inside);
    expect(await findConfigFile('job/pictures/*.png', folder)).toBe(inside);
    expect(await findConfigFile('-', join(folder, 'job'))).toBe(beside);
    /* Of folders and pictures, the working directory's counts too. */
    for (const input of ['plain', 'plain/cat.png', 'plain/*.png', 'plain/*', 'cat.png']) {
      expect(await findConfigFile(input, join(folder, 'job'))).toBe(beside);
    }
    expect(await findConfigFile('plain/manifest.csv', join(folder, 'job'))).toBeNull();
    await expect(findConfigFile('pictures', join(folder, 'job'))).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
    expect(await findConfigFile('-', folder)).toBeNull();
    expect(await findConfigFile('none/manifest.jsonl', folder)).toBeNull();
  });

  it('two are one too many', async () => {
    write('sdxl-refine.json', '{}');
    write('sdxl-refine.yml', '{}');
    await expect(findConfigFile('-', folder)).rejects.toMatchObject({
      code: 'USAGE_CONFLICT',
      message: expect.stringMatching(/sdxl-refine\.json and .*sdxl-refine\.yml/),
    });
  });
});

it('a YAML error does not repeat the file that it is about', async () => {
  const path = write('long.yaml', '? '.repeat(20_000));
  const error: unknown = await readConfigFile(path, folder, []).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'USAGE_OPTION_INVALID' });
  expect((error as Error).message.length).toBeLessThan(1200);
});
