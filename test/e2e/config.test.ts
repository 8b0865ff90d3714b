/** Settings of a run from options, environment and configuration file, and what CI gets of it. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, model, quick, readResults, workFolder, writeRows } from '../support/batch.js';
import { runCli, type CliRun } from '../support/run-cli.js';

const folder = workFolder();
const { image } = goodRow;
const badRow = { ...goodRow, image: 'none.png' };

/** A folder of its own with a manifest and settings beside it. */
const job = (name: string, rows: readonly unknown[], settings: object): string => {
  const path = join(folder, name);
  mkdirSync(path);
  writeRows(join(path, 'manifest.jsonl'), rows);
  writeFileSync(join(path, 'sdxl-refine.json'), JSON.stringify(settings));
  return path;
};
const batch = (cwd: string, args: readonly string[], env: Record<string, string> = {}): Promise<CliRun> =>
  runCli(['batch', 'manifest.jsonl', ...args], { cwd, env: { ...process.env, ...env } });

it('row beats option beats environment beats file beats default', async () => {
  const settings = { ...quick, model, steps: 4, guidance_scale: 3, negative_prompt: 'blur' };
  const path = job('precedence', [{ image, seed: 5 }], settings);
  const run = await batch(path, ['--strength', '0.25', '--seed', '6', '--output-dir', 'out', '--quiet'], {
    SDXL_REFINE_STRENGTH: '0.75',
    SDXL_REFINE_NEGATIVE_PROMPT: 'noise',
  });
  expect(run).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  expect(readResults(join(path, 'out'))).toMatchObject([
    {
      seed: 5,
      strength: 0.25,
      negative_prompt: 'noise',
      steps: 4,
      guidance_scale: 3,
      prompt: quick.prompt,
      steps_run: 1,
    },
  ]);
});

it('says which file it found; --no-config reads none', async () => {
  const path = job('found', [goodRow], { model });
  const run = await batch(path, ['--output-dir', 'out', '--dry-run']);
  expect(run.stderr).toContain(`Settings of ${join(path, 'sdxl-refine.json')}\n`);
  expect(run).toMatchObject({ code: 0 });
  expect(existsSync(join(path, 'out'))).toBe(false);
  const without = await batch(path, ['--no-config', '--model', model]);
  expect(without.stderr).not.toContain('Settings of');
  expect(readResults(join(path, 'refined'))).toHaveLength(1);
});

it('--print-config: every setting and where it is from, and no run', async () => {
  const path = job('printed', [{ broken: true }], { strength: 0.2 });
  const own = join(folder, 'home/sdxl-refine/config.yaml');
  mkdirSync(join(folder, 'home/sdxl-refine'), { recursive: true });
  writeFileSync(own, 'device: cpu\n');
  const env = { SDXL_REFINE_SEED: '3', XDG_CONFIG_HOME: join(folder, 'home') };
  const run = await batch(path, ['--print-config', '--steps', '7'], env);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(run.stdout)).toMatchObject({
    config_file: join(path, 'sdxl-refine.json'),
    user_config_file: own,
    settings: {
      output_dir: { value: 'refined', source: 'default' },
      device: { value: 'cpu', source: 'config', file: own },
      strength: { value: 0.2, source: 'config', file: join(path, 'sdxl-refine.json') },
      steps: { value: 7, source: 'option' },
      seed: { value: 3, source: 'env' },
      guidance_scale: { value: 1, source: 'model' },
      prompt: { value: null, source: 'default' },
    },
  });
  expect(existsSync(join(path, 'out'))).toBe(false);
});

it.each<[string, object, string[], Record<string, string>, string]>([
  ['a slip in the file', { strenght: 0.2 }, [], {}, 'did you mean "strength"?'],
  ['a slip in the environment', {}, [], { SDXL_REFINE_STRENGHT: '0.2' }, 'did you mean SDXL_REFINE_STRENGTH?'],
  ['a value in the file', { steps: 0 }, [], {}, 'Expected steps in'],
  ['a file that is not there', {}, ['--config', 'none.yaml'], {}, 'none.yaml'],
])('%s ends the run before any work', async (name, settings, args, env, message) => {
  const path = job(name, [goodRow], settings);
  const run = await batch(path, ['--model', model, ...args], env);
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(run.stderr).toContain(message);
  expect(existsSync(join(path, 'refined'))).toBe(false);
});

describe('GITHUB_STEP_SUMMARY', () => {
  const path = job('summary', [goodRow, badRow], { model });
  const summary = join(path, 'summary.md');

  it('gets the counts, the failures and the settings of each run', async () => {
    const env = { GITHUB_STEP_SUMMARY: summary };
    expect((await batch(path, ['--dry-run', '--quiet'], env)).code).toBe(1);
    expect((await batch(path, ['--quiet'], env)).code).toBe(1);
    const text = readFileSync(summary, 'utf8');
    expect(text).toMatch(/^### sdxl-refine, dry run: 1 of 2 rows would run\n/);
    expect(text).toMatch(/\n### sdxl-refine: 1 of 2 rows refined\n/);
    expect(text.match(/\| manifest\.jsonl \| 1 \| none\.png \| IMAGE\\_NOT\\_FOUND \|/g)).toHaveLength(2);
    expect(text).toMatch(/\| quiet \| true \| option \|/);
  });

  it('gets why a run stopped', async () => {
    const stopped = join(path, 'stopped.md');
    const run = await batch(path, [], { GITHUB_STEP_SUMMARY: stopped });
    expect(run.code).toBe(6);
    expect(readFileSync(stopped, 'utf8')).toContain('OUTPUT\\_EXISTS');
  });

  it('fails no run when it cannot be written', async () => {
    const run = await batch(path, ['--overwrite', '--limit', '1'], { GITHUB_STEP_SUMMARY: join(path, 'none/x.md') });
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('the summary was not written');
  });
});

describe('a folder of pictures that brings a configuration file', () => {
  const place = join(folder, 'gift');
  const home = join(folder, 'victim');
  const bashrc = join(home, '.bashrc');
  const found = join(place, 'sdxl-refine.yaml');
  mkdirSync(place);
  mkdirSync(home);
  copyFileSync(image, join(place, '$(touch owned).png'));
  const attempt = (settings: string, ...args: string[]): Promise<CliRun> => {
    writeFileSync(bashrc, 'mine');
    writeFileSync(found, settings);
    return runCli(['batch', place, '--model', model, '--prompt', 'x', '--steps', '2', '--strength', '0.5', ...args], {
      cwd: home,
    });
  };

  it.each([
    ['predictions_csv', () => bashrc],
    ['output_dir', () => home],
    ['overwrite', () => 'true'],
    ['resume', () => 'true'],
    ['quiet', () => 'true'],
    ['content_safety', () => 'off'],
    ['safety_model', () => 'classifier'],
    ['model', () => 'somebody/refiner'],
  ])('is refused where it sets %s, and writes nothing', async (key, value) => {
    const { code, stderr } = await attempt(`steps: 2\n${key}: ${value()}\n`);
    expect(code).toBe(2);
    expect(stderr).toContain(`found "${key}"`);
    expect(stderr).toContain(`--config ${found}`);
    expect(readFileSync(bashrc, 'utf8')).toBe('mine');
    expect(readdirSync(home)).toEqual(['.bashrc']);
  });

  it('is named where it says what a picture is', async () => {
    const { code, stderr } = await attempt('seed: 5\n', '--limit', '1');
    expect(code).toBe(0);
    expect(stderr).toContain(`Settings of ${found}\n`);
    expect(readResults(join(home, 'refined'))).toMatchObject([{ seed: 5 }]);
  });

  it('is named on one line whatever its folder is called, for one picture too, with the file of the user', async () => {
    const odd = join(folder, 'odd\nsdxl-refine: all is well');
    const own = join(folder, 'settings/sdxl-refine/config.yaml');
    for (const place of [odd, join(own, '..')]) mkdirSync(place, { recursive: true });
    copyFileSync(image, join(odd, 'a.png'));
    writeFileSync(join(odd, 'sdxl-refine.yaml'), 'steps: 2\nstrength: 0.5\nprompt: x\n');
    writeFileSync(own, 'device: cpu\n');
    const env = { ...process.env, XDG_CONFIG_HOME: join(folder, 'settings') };
    for (const args of [
      ['batch', odd, '--dry-run'],
      [join(odd, 'a.png'), '-o', 'odd.png'],
    ]) {
      const { code, stderr } = await runCli([...args, '--model', model], { cwd: folder, env });
      expect(code).toBe(0);
      expect(stderr).toContain(`Settings of ${folder}/odd\\nsdxl-refine: all is well/sdxl-refine.yaml and ${own}\n`);
    }
  });
});
