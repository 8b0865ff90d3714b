import { Command } from 'commander';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addCacheWeights } from '#src/app/cli/options/cache-weights.js';
import { mergeConfig } from '#src/app/cli/config/config.js';
import { temporaryFolder } from '../../../../support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const parsedCommand = (args: readonly string[]): Command =>
  addCacheWeights(new Command('batch').option('-q, --quiet', 'errors only')).parse([...args], { from: 'user' });

/** @param settings of the user's own file */
const merge = async (args: readonly string[], env: Record<string, string> = {}, settings?: string) => {
  const home = join(folder, String(Math.random()));
  mkdirSync(join(home, 'sdxl-refine'), { recursive: true });
  const file = join(home, 'sdxl-refine/config.yaml');
  if (settings !== undefined) writeFileSync(file, settings);
  let said = '';
  const merged = await mergeConfig<Record<string, unknown>>(parsedCommand(args), ['-'], {
    env: { ...env, XDG_CONFIG_HOME: home },
    cwd: () => folder,
    stderr: {
      write: (text) => {
        said += text;
      },
    },
  });
  return { ...merged, said, file };
};

it.each<[string[], boolean]>([
  [[], false],
  [['--cache-weights'], true],
  [['--no-cache-weights'], false],
])('%j caches weights: %p, without a note', async (args, expected) => {
  const { settings, said } = await merge(args);
  expect(settings['cache_weights']).toEqual({ value: expected, source: args.length === 0 ? 'default' : 'option' });
  expect(said).toBe('');
});

it.each<[string[], boolean, string]>([
  [['--memory', 'fast'], true, 'Note: --memory fast is now --cache-weights\n'],
  [['--memory=lean'], false, 'Note: --memory lean is now --no-cache-weights\n'],
  [['--memory', 'fast', '--cache-weights'], true, 'Note: --memory fast is now --cache-weights\n'],
])('%j is still accepted, with a note', async (args, expected, note) => {
  const { flags, settings, said } = await merge(args);
  expect(flags).toMatchObject({ cacheWeights: expected });
  expect(flags).not.toHaveProperty('memory');
  expect(settings).not.toHaveProperty('memory');
  expect(settings['cache_weights']).toEqual({ value: expected, source: 'option' });
  expect(said).toBe(note);
});

it('the old variable and the old key are still accepted, with a note each', async () => {
  const fromVariable = await merge([], { SDXL_REFINE_MEMORY: 'fast' });
  expect(fromVariable.settings['cache_weights']).toEqual({ value: true, source: 'env' });
  expect(fromVariable.said).toBe('Note: SDXL_REFINE_MEMORY=fast is now SDXL_REFINE_CACHE_WEIGHTS=true\n');
  const fromFile = await merge([], {}, 'memory: fast');
  expect(fromFile.settings['cache_weights']).toEqual({ value: true, source: 'config', file: fromFile.file });
  expect(fromFile.said).toBe(`Note: "memory": "fast" is now "cache_weights": true (${fromFile.file})\n`);
});

it('an option beats a variable beats a file, whichever name each of them uses', async () => {
  const { settings } = await merge(['--no-cache-weights'], { SDXL_REFINE_MEMORY: 'fast' }, 'cache_weights: true');
  expect(settings['cache_weights']).toMatchObject({ value: false, source: 'option' });
  const older = await merge(['--memory', 'fast'], { SDXL_REFINE_CACHE_WEIGHTS: 'false' });
  expect(older.settings['cache_weights']).toMatchObject({ value: true, source: 'option' });
});

it('--quiet leaves the note out', async () => {
  expect((await merge(['--memory', 'fast', '--quiet'])).said).toBe('');
});

it.each<[string[], Record<string, string>, string | undefined, string]>([
  [['--memory', 'fast', '--no-cache-weights'], {}, undefined, '--memory fast and --no-cache-weights contradict'],
  [['--memory', 'lean', '--cache-weights'], {}, undefined, '--memory lean and --cache-weights contradict'],
  [[], { SDXL_REFINE_MEMORY: 'lean', SDXL_REFINE_CACHE_WEIGHTS: '1' }, undefined, 'SDXL_REFINE_MEMORY=lean and'],
  [[], {}, 'memory: fast\ncache_weights: false', '"memory": "fast" and "cache_weights": false contradict'],
])('old and new names that contradict each other are refused: %j %j %j', async (args, env, settings, message) => {
  await expect(merge(args, env, settings)).rejects.toMatchObject({
    code: 'USAGE_CONFLICT',
    message: expect.stringContaining(message) as string,
  });
});

it.each(['medium', 'toString'])('--memory %s is refused, and the new name said', async (value) => {
  await expect(merge(['--memory', value])).rejects.toMatchObject({
    code: 'USAGE_OPTION_INVALID',
    message: `Expected --memory to be fast or lean, got "${value}". The new name is --cache-weights.`,
  });
});
