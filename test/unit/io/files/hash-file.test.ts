import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addToHash, sha256Of } from '#src/io/files/hash-file.js';
import { chunksOf, readChunks, withFile } from '#src/io/files/open-file.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const file = join(temporaryFolder(), 'a.bin');

/* The digests of the standard's own examples, and of lengths around a chunk of 256 KiB. */
it.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
])('is SHA-256 of a path and of an open file, whatever was read of it before: %#', async (text, digest) => {
  writeFileSync(file, text);
  expect(await sha256Of(readChunks(file, 'output'))).toBe(digest);
  await withFile(file, 'output', async (handle) => {
    await handle.read(Buffer.alloc(2), 0, 2);
    expect(await sha256Of(chunksOf(handle))).toBe(digest);
  });
});

it('goes on with a hash that has begun, to where the file ends by then', async () => {
  writeFileSync(file, 'b');
  const hash = createHash('sha256').update('a');
  const chunks = readChunks(file, 'output');
  appendFileSync(file, 'c');
  expect(await addToHash(hash, chunks)).toBe(2);
  expect(hash.digest('hex')).toBe(createHash('sha256').update('abc').digest('hex'));
});
