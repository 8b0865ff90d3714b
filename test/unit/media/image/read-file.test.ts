import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FILE_LIMITS } from '#src/io/files/file-limits.js';
import { readPictureFile } from '#src/media/image/read-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('returns the bytes of the file, whatever they are', async () => {
  const path = join(folder, 'bytes.png');
  await writeFile(path, 'anything');
  expect(Buffer.from(await readPictureFile(path)).toString()).toBe('anything');
});

it.each(['missing.png', 'bytes.png/inside.png'])(
  '%s is not found, and the message says where paths start',
  async (name) => {
    const path = join(folder, name);
    await expect(readPictureFile(path)).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: expect.stringContaining(
        `${path}. Check the path; a relative one starts at the manifest's folder`,
      ) as string,
    });
  },
);

it('a folder, a device, an empty file and a circle of links are unreadable, each for its reason', async () => {
  await writeFile(join(folder, 'empty.png'), '');
  await symlink(join(folder, 'circle.png'), join(folder, 'circle.png'));
  const reasons = {
    [folder]: /a folder/,
    '/dev/null': /pipe or a device/,
    'empty.png': /0 bytes/,
    'circle.png': /ELOOP/,
  };
  for (const [name, reason] of Object.entries(reasons)) {
    const path = name.startsWith('/') ? name : join(folder, name);
    await expect(readPictureFile(path)).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringMatching(reason) as string,
      context: { path },
    });
  }
});

it('a file above the limit is refused before it is read', async () => {
  const path = join(folder, 'huge.png');
  await writeFile(path, 'x');
  await truncate(path, FILE_LIMITS.picture.bytes + 1);
  await expect(readPictureFile(path)).rejects.toMatchObject({
    code: 'IMAGE_TOO_LARGE',
    context: { limit: FILE_LIMITS.picture.bytes },
  });
});
