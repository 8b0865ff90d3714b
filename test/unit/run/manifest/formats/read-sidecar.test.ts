import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSidecar } from '#src/run/manifest/formats/read-sidecar.js';
import { folder } from '../manifests.js';

const read = async (content: string | Uint8Array, picture = 'cat.png', sidecar = 'cat.txt'): Promise<string | null> => {
  const at = folder();
  writeFileSync(join(at, sidecar), content);
  return readSidecar(join(at, picture));
};

describe('readSidecar', () => {
  it.each([
    ['a cat', 'a cat'],
    ['a cat\n', 'a cat'],
    ['a cat\r\n\r\n', 'a cat'],
    ['\uFEFFünïcödé 🐈', 'ünïcödé 🐈'],
    ['two\nlines\n', 'two\nlines'],
    ['  spaces stay ', '  spaces stay '],
    ['', ''],
    ['\n', ''],
    ['x'.repeat(65_536), 'x'.repeat(65_536)],
    [Buffer.from('\uFEFFa café\r\n', 'utf16le'), 'a café'],
    [Buffer.from('\uFEFFa café', 'utf16le').swap16(), 'a café'],
    ['a\0cat', 'a\0cat'],
  ])('reads %j', async (content, prompt) => {
    expect(await read(content)).toBe(prompt);
  });

  it.each([
    ['cat.v2.png', 'cat.v2.txt'],
    ['cat', 'cat.txt'],
    ['.cat.png', '.cat.txt'],
    ['cat.PNG', 'cat.TXT'],
    ['cat.png', 'cat.Txt'],
  ])('finds that of %s', async (picture, sidecar) => {
    expect(await read('a cat', picture, sidecar)).toBe('a cat');
  });

  it('gives null where there is none', async () => {
    expect(await read('a dog', 'cat.png', 'dog.txt')).toBeNull();
    expect(await readSidecar(join(folder(), 'no/such/cat.png'))).toBeNull();
    expect(await readSidecar(join(folder(), `${'x'.repeat(300)}.png`))).toBeNull();
  });

  it.each([
    [Buffer.from('caf\xe9', 'latin1'), /"[^"]*cat\.txt".*not UTF-8, as Windows-1252 "café"; save it as UTF-8/],
    [Buffer.from('a cat', 'utf16le'), /UTF-16 without a byte order mark/],
    [Buffer.from('a cat', 'utf16le').swap16(), /UTF-16 without a byte order mark/],
    [Buffer.concat([Buffer.from('\uFEFFa cat', 'utf16le'), Buffer.of(1)]), /broken UTF-16/],
    [Buffer.from([0xff, 0xfe, 0, 0, 97, 0, 0, 0]), /it is UTF-32/],
    ['x'.repeat(65_537), /at most 65536 bytes: it has 65537/],
  ])('refuses other text', async (content, message) => {
    await expect(read(content)).rejects.toMatchObject({
      code: 'ROW_FIELD_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('refuses anything but a regular file, a pipe too', async () => {
    const at = folder();
    mkdirSync(join(at, 'folder.txt'));
    execFileSync('mkfifo', [join(at, 'pipe.txt')]);
    for (const name of ['folder.png', 'pipe.png']) {
      await expect(readSidecar(join(at, name))).rejects.toMatchObject({
        message: expect.stringContaining('not a regular file'),
      });
    }
  });
});
