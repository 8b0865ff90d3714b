import { readFileSync, readdirSync, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { spoolStdin } from '#src/run/manifest/inputs/spool-stdin.js';
import { folder } from '../manifests.js';

describe('spoolStdin', () => {
  it('keeps every byte in a file of its own', async () => {
    const into = folder();
    const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0x00, 0xff, 0x0a]);
    const path = await spoolStdin(Readable.from([bytes.subarray(0, 2), bytes.subarray(2)]), into);
    expect(readFileSync(path)).toEqual(bytes);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await spoolStdin(Readable.from([]), into)).not.toBe(path);
  });

  it('says where it could not write', async () => {
    await expect(spoolStdin(Readable.from(['x']), '/nowhere')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringMatching(/\/nowhere\/stdin-.*ENOENT/) as string,
    });
  });

  it('leaves nothing behind when the stream breaks off', async () => {
    const into = folder();
    async function* broken() {
      yield await Promise.resolve(Buffer.from('{"image"'));
      throw new Error('read EIO');
    }
    await expect(spoolStdin(broken(), into)).rejects.toMatchObject({
      code: 'MANIFEST_UNREADABLE',
      message: 'Expected standard input to end normally, got an error: read EIO. Run the command again',
    });
    expect(readdirSync(into)).toEqual([]);
  });
});
