import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors } from '#src/models/weights/safetensors/open-safetensors.js';
import { openWeights } from '#src/models/weights/discovery/open-weights.js';
import { entry, errorOf, fileOf, floats, newFolder, write } from '../build-safetensors.js';

const valid = fileOf({ a: entry('F32', [2], 0, 8) }, floats(1, 2));

it('a file, through a link as the Hugging Face cache has it, by its real path', async () => {
  const folder = realpathSync(newFolder());
  mkdirSync(join(folder, 'blobs'));
  mkdirSync(join(folder, 'snapshots'));
  const blob = write(folder, 'blobs/0123abcd', valid);
  const link = join(folder, 'snapshots/model.safetensors');
  symlinkSync('../blobs/0123abcd', link);
  const opened = await openSafetensors(link);
  expect(opened.file).toBe(blob);
  expect(opened.fileSize).toBe(valid.length);
  expect(opened.tensors.get('a')).toEqual({ dtype: 'F32', shape: [2], offset: valid.length - 8, byteLength: 8 });
});

it.each<[what: string, content: Uint8Array | string, says: string]>([
  ['no bytes', '', 'the file has 0 bytes'],
  ['7 bytes', '1234567', 'the file has 7 bytes'],
  ['8 bytes and no header', Buffer.alloc(8), 'does not begin with "{"'],
  ['a header length of 2^63', Buffer.from('0000000000000080', 'hex'), 'claims 9223372036854775808 bytes'],
  ['a header length of 2^64 - 1', Buffer.alloc(100, 0xff), 'claims 18446744073709551615 bytes'],
  [
    'a header longer than the file',
    Buffer.from('ff000000000000007b7d', 'hex'),
    'the file is 10 bytes, its header needs at least 263',
  ],
  ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'this is not a safetensors file'],
  ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n', 'git lfs pull'],
  [
    'a download that broke off',
    valid.subarray(0, -1),
    `the file is ${valid.length - 1} bytes, its header needs ${valid.length}`,
  ],
])('refuses %s', async (_, content, says) => {
  const path = write(newFolder(), 'unet.safetensors', content);
  const { message } = await errorOf('WEIGHTS_HEADER_INVALID', () => openSafetensors(path));
  expect(message).toContain(says);
  expect(message).toContain(path);
});

it('no file, a folder, a pipe and a dangling link are missing files, named', async () => {
  const folder = newFolder();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  symlinkSync('nowhere', join(folder, 'dangling'));
  for (const [name, says] of [
    ['absent', 'there is no such file'],
    ['dangling', 'there is no such file'],
    ['.', 'not a regular file'],
    ['pipe', 'not a regular file'],
  ] as const) {
    const { message } = await errorOf('WEIGHTS_FILE_MISSING', () => openSafetensors(join(folder, name)));
    expect(message).toContain(join(folder, name));
    expect(message).toContain(says);
  }
});

it('several files are one map; a name in two of them is refused', async () => {
  const folder = newFolder();
  const first = write(folder, '1.safetensors', valid);
  const second = write(folder, '2.safetensors', fileOf({ b: entry('F32', [2], 0, 8) }, floats(3, 4)));
  const weights = await openWeights([first, second]);
  expect(Array.from(weights.entries(), ([name]) => name)).toEqual(['a', 'b']);
  expect(weights.files).toEqual([first, second].map((path) => realpathSync(path)));
  const copy = write(folder, '3.safetensors', valid);
  const { message } = await errorOf('WEIGHTS_HEADER_INVALID', () => openWeights([first, copy]));
  expect(message).toContain('"a"');
  expect(message).toContain('3.safetensors');
});
