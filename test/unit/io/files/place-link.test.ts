import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { link, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { placeLink } from '#src/io/files/place-link.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const saying = (code: string) => (): Promise<void> => Promise.reject(Object.assign(new Error(code), { code }));

const fileAndName = (): { file: string; path: string; folder: string } => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'blobs'));
  const file = join(root, 'blobs', 'digest');
  writeFileSync(file, 'weights');
  const folder = join(root, 'snapshots', 'commit');
  return { file, path: join(folder, 'model'), folder };
};

it('makes a relative symbolic link, and replaces what was there', async () => {
  const { file, path, folder } = fileAndName();
  await placeLink(file, path);
  await placeLink(file, path);
  expect(readlinkSync(path)).toBe(join('..', '..', 'blobs', 'digest'));
  expect(readdirSync(folder)).toEqual(['model']);
});

it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
  'makes a hard link, else a copy, where %s is the answer',
  async (code) => {
    const { file, path, folder } = fileAndName();
    /* Twice: another process may have placed it. */
    for (const linkFile of [link, link, saying(code), saying(code)]) {
      await placeLink(file, path, { symlink: saying(code), link: linkFile });
      expect(readFileSync(path, 'utf8')).toBe('weights');
      expect(lstatSync(path).isSymbolicLink()).toBe(false);
      expect(lstatSync(path).nlink).toBe(linkFile === link ? 2 : 1);
      expect(readdirSync(folder)).toEqual(['model']);
    }
  },
);

it('leaves nothing behind where it fails', async () => {
  const { file, path, folder } = fileAndName();
  const failing = placeLink(file, path, { symlink: saying('EIO'), link });
  await expect(failing).rejects.toMatchObject({ code: 'EIO' });
  mkdirSync(path);
  await expect(placeLink(file, path, { symlink, link })).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(['model']);
});
