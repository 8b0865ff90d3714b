import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILE_LIMITS } from '#src/io/files/file-limits.js';
import { FileRefused, readChunks, readFileBytes, readFileText, withFile } from '#src/io/files/open-file.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const folder = temporaryFolder();
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const fifo = (name: string): string => {
  spawnSync('mkfifo', [join(folder, name)]);
  return join(folder, name);
};

it('reads a file, whole or chunk by chunk', async () => {
  const path = write('text', 'a cat\n');
  expect(await readFileText(path, 'note')).toBe('a cat\n');
  const large = write('large', 'x'.repeat(700_000));
  const lengths: number[] = [];
  for await (const { length } of readChunks(large, 'manifest')) lengths.push(length);
  expect(lengths.length).toBe(3);
  expect(lengths.reduce((sum, length) => sum + length)).toBe(700_000);
});

it('says what is no regular file, without waiting for it', async () => {
  mkdirSync(join(folder, 'folder'));
  await expect(readFileBytes(join(folder, 'folder'), 'note')).rejects.toMatchObject({ reason: 'folder' });
  await expect(readFileBytes(fifo('pipe'), 'note')).rejects.toMatchObject({ reason: 'special' });
});

itOnLinux('reads nothing of a device, by a link or not', async () => {
  symlinkSync('/dev/zero', join(folder, 'zero'));
  await expect(readFileBytes(join(folder, 'zero'), 'weights')).rejects.toThrow(FileRefused);
  await expect(readFileBytes('/dev/urandom', 'weights')).rejects.toThrow('it is a pipe or a device');
});

it.each(Object.entries(FILE_LIMITS).filter(([, { bytes }]) => bytes < Infinity))(
  'allows a %s its size, and no byte more',
  async (kind, { what, bytes }) => {
    const path = write('sparse', '');
    truncateSync(path, bytes);
    const size = await withFile(path, kind as 'note', (_, found) => Promise.resolve(found));
    expect(size).toBe(bytes);
    truncateSync(path, bytes + 1);
    await expect(readFileBytes(path, kind as 'note')).rejects.toMatchObject({
      reason: 'size',
      message: `it has ${bytes + 1} bytes; ${what} may have at most ${bytes}`,
    });
  },
);

it('reads what it opened, whatever has the name by then', async () => {
  const path = write('first', 'first');
  const other = fifo('other');
  const text = await withFile(path, 'note', async (handle) => {
    renameSync(other, path);
    return (await handle.readFile()).toString();
  });
  expect(text).toBe('first');
});
