/** Two processes at once, one that is killed, and disks without room. */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ChildRequest } from '../../../support/add-in-child.js';
import { fakePackageIndex } from '../../../support/fake-package-index.js';
import { root } from '../../../support/golden.js';
import { makeWheel } from '../../../support/make-wheel.js';
import { waitFor } from '../../../support/processes.js';
import { temporaryFolder } from '../../../support/run-cli.js';
import { skipWhere } from '../../../support/skip-where.js';
import { errorOf, library, wheels, WHOLE, withIndex } from '../../../support/with-package-index.js';
import { withServer } from '../../../support/with-server.js';

const startChild = (request: ChildRequest): ChildProcessByStdio<null, Readable, null> => {
  const path = join(temporaryFolder(), 'request.json');
  writeFileSync(path, JSON.stringify(request));
  return spawn(process.execPath, [join(root, 'build/test/support/add-in-child.js'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
};
const plain = wheels.map(({ content: _, ...wheel }) => wheel);

it('a second process at once is refused, and one that was killed is followed by the next', async () => {
  await withIndex(async ({ add, files, fake, libraries }) => {
    /* The first answer is half a wheel, and then silence for as long as the process lives. */
    const waits = fakePackageIndex(wheels);
    await withServer(
      (request, response) => {
        if (!(request.url ?? '').startsWith('/files/')) {
          waits.listener(request, response);
          return;
        }
        const { content } = wheels[0]!;
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 2000));
      },
      async (slow) => {
        const child = startChild({ wheels: plain, libraries, index: `${slow}/simple` });
        await once(child.stdout, 'data');
        const { code, exitCode, message } = await errorOf(add());
        expect({ code, exitCode }).toEqual({ code: 'CACHE_LOCKED', exitCode: 6 });
        expect(message).toContain(`process ${child.pid} on `);
        const ended = once(child, 'exit');
        const isHalf = (name: string): boolean =>
          name.endsWith('.incomplete') && statSync(join(libraries, name)).size === 2000;
        await waitFor('half a wheel', () => existsSync(libraries) && files().some(isHalf));
        child.kill('SIGKILL');
        await ended;
      },
    );
    expect(fake.seen).toEqual([]);
    await add({ isAlive: () => false });
    expect(files()).toEqual(WHOLE);
    expect(fake.seen.filter((line) => line.includes('bytes=2000-'))).toHaveLength(1);
  });
});

const disk = temporaryFolder();
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status === 0;
const { it: itOnFullDisk } = skipWhere(mounted ? null : 'a full disk needs the right to mount one (mount -t tmpfs)');
afterAll(() => {
  if (mounted) spawnSync('umount', [disk]);
});

itOnFullDisk('a full disk is reported before anything is downloaded', async () => {
  const large = library('liblarge.so', 1_200_000);
  const wheel = makeWheel('nvidia-large', [large]);
  await withIndex(
    async ({ add, fake, files }) => {
      const { code, message } = await errorOf(add({}, [wheel]));
      expect(code).toBe('CACHE_UNWRITABLE');
      expect(message).toMatch(/^The libraries need 0\.0 GB in .*Make room, or set SDXL_REFINE_CACHE/);
      expect([fake.seen, files()]).toEqual([[], []]);
    },
    { fake: fakePackageIndex([wheel]), libraries: join(disk, 'small') },
  );
});

itOnFullDisk('a disk that fills up meanwhile leaves whole libraries only, and goes on with room', async () => {
  await withIndex(
    async ({ add, fake, files }) => {
      const filler = join(disk, 'filler');
      fake.beforeFile = (name) => {
        if (!name.includes('second')) return;
        fake.beforeFile = () => undefined;
        try {
          writeFileSync(filler, Buffer.alloc(2 ** 20));
        } catch {
          /* Full now. */
        }
      };
      const { code, message } = await errorOf(add());
      expect(code).toBe('CACHE_UNWRITABLE');
      expect(message).toMatch(/the disk is full.*devices remove cuda/);
      expect(files().filter((name) => !name.startsWith('downloads/'))).toEqual(WHOLE.slice(0, 2));
      rmSync(filler);
      await add();
      expect(files()).toEqual(WHOLE);
    },
    { libraries: join(disk, 'filled') },
  );
});
