import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSource } from '#src/media/image/read-source.js';

it('a file, a URL and an inline picture give the same bytes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'read-source-'));
  const server = createServer((_, response) => response.end('picture'));
  try {
    const path = join(folder, 'a.png');
    await writeFile(path, 'picture');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const text = Buffer.from('picture').toString('base64');
    const read = [
      await readSource({ kind: 'file', path }),
      await readSource({ kind: 'url', url }),
      await readSource({ kind: 'inline', text }),
    ];
    expect(read.map((data) => Buffer.from(data).toString())).toEqual(['picture', 'picture', 'picture']);
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  }
});
