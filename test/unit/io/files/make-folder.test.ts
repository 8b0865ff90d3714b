import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '#src/io/files/make-folder.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { temporaryFolder } from '../../../support/run-cli.js';

it('makes a folder and those above it, and says whether it was there', async () => {
  const folder = join(temporaryFolder(), 'a', 'b', 'c');
  expect(await makeFolder(folder)).toBe(true);
  expect(statSync(folder).isDirectory()).toBe(true);
  expect(await makeFolder(folder)).toBe(false);
});

it('follows a link to a folder, and makes the root of no file system', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'there'));
  symlinkSync('there', join(folder, 'link'));
  expect(await makeFolder(join(folder, 'link'))).toBe(false);
  expect(await makeFolder(join(folder, 'link', 'more'))).toBe(true);
  expect(existsSync(join(folder, 'there', 'more'))).toBe(true);
  expect(await makeFolder('/')).toBe(false);
});

it('lets many make one folder at once', async () => {
  const folder = join(temporaryFolder(), 'a', 'b', 'c', 'd');
  await Promise.all(Array.from({ length: 16 }, () => makeFolder(folder)));
  expect(statSync(folder).isDirectory()).toBe(true);
});

it('names the file that is in the folder’s place', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('nowhere', join(folder, 'broken'));
  await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(folder, 'file', 'x', 'y'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeFolder(join(folder, 'broken'))).rejects.toMatchObject({ code: 'EEXIST' });
});

itOnLinux.each(['/proc/x', '/proc/x/y/z', '/proc/self/x/y', '/proc/sys/x/y'])(
  'ends where nothing can be made: %s',
  async (path) => {
    await expect(makeFolder(path)).rejects.toMatchObject({ syscall: 'mkdir' });
  },
);
