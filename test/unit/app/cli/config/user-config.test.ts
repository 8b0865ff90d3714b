import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findUserConfig, userConfigFolder } from '#src/app/cli/config/user-config.js';
import { temporaryFolder } from '../../../../support/run-cli.js';

it.each<[NodeJS.Platform, Record<string, string>, string | null, string | null]>([
  ['linux', {}, '/home/me', '/home/me/.config/sdxl-refine'],
  ['linux', { XDG_CONFIG_HOME: '/settings' }, '/home/me', '/settings/sdxl-refine'],
  ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/me', '/home/me/.config/sdxl-refine'],
  ['linux', { XDG_CONFIG_HOME: '' }, null, null],
  ['darwin', {}, '/Users/me', '/Users/me/Library/Application Support/sdxl-refine'],
  ['darwin', { XDG_CONFIG_HOME: '/Users/me/.config' }, '/Users/me', '/Users/me/.config/sdxl-refine'],
  [
    'win32',
    { APPDATA: String.raw`C:\Users\me\AppData\Roaming` },
    null,
    String.raw`C:\Users\me\AppData\Roaming\sdxl-refine`,
  ],
  ['win32', {}, String.raw`C:\Users\me`, null],
])('%s %j', (platform, env, home, folder) => {
  expect(userConfigFolder(env, platform, home)).toBe(folder);
});

it('finds one file, and refuses two', async () => {
  const home = temporaryFolder();
  const env = { XDG_CONFIG_HOME: home };
  expect(await findUserConfig(env)).toBeNull();
  const folder = join(home, 'sdxl-refine');
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), '{}');
  expect(await findUserConfig(env)).toBe(join(folder, 'config.json'));
  writeFileSync(join(folder, 'config.yaml'), '');
  await expect(findUserConfig(env)).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
  rmSync(home, { recursive: true });
});
