import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MACHINE_NAMESPACE, processStart } from '#src/io/system/process-identity.js';
import { lockFolder } from '#src/run/results/run-lock.js';
import { root } from '../../../support/golden.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { isRunning, waitFor } from '../../../support/processes.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const alive = (): boolean => true;
const dead = (): boolean => false;
const leave = (folder: string, holder: object | string): string => {
  const [path, whole] = [join(folder, '.sdxl-refine.lock'), join(folder, '.new')];
  /* Whole at once: a heartbeat may read it. */
  writeFileSync(whole, typeof holder === 'string' ? holder : JSON.stringify(holder));
  renameSync(whole, path);
  return path;
};
const holder = { pid: 4_000_000, host: hostname(), started: '2026-01-01T00:00:00.000Z' };

describe('lockFolder', () => {
  it('names its holder while it lasts, and leaves nothing', async () => {
    const folder = temporaryFolder();
    const lock = await lockFolder(folder, '', alive);
    expect(readdirSync(folder)).toEqual(['.sdxl-refine.lock']);
    const text = readFileSync(join(folder, '.sdxl-refine.lock'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ pid: process.pid, host: hostname() });
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a folder whose holder lives, and says who it is', async () => {
    const folder = temporaryFolder();
    leave(folder, holder);
    const refused = lockFolder(folder, '', alive);
    await expect(refused).rejects.toMatchObject({ code: 'OUTPUT_LOCKED', exitCode: 6 });
    await expect(refused).rejects.toThrow(`process 4000000 on ${hostname()}, since 2026-01-01T00:00:00.000Z`);
    expect(readdirSync(folder)).toEqual(['.sdxl-refine.lock']);
  });

  it.each([
    ['of a process that is gone', holder],
    ['of an earlier process with our number', { ...holder, pid: process.pid }],
    ['that nobody can read', '{"pid":'],
    ...['', 'null', '[]', '7', '"x"', '{}', '\0\0', '['.repeat(10_000), 'mine'].map(
      (text) => [`that says ${JSON.stringify(text).slice(0, 20)}`, text] as [string, string],
    ),
    ...[0, -1, -4_000_000, 1.5, '1', null, 2 ** 60].map(
      (pid) => [`of process ${String(pid)}`, JSON.stringify({ ...holder, pid })] as [string, string],
    ),
    ...['host', 'started'].map(
      (key) => [`whose ${key} is no text`, JSON.stringify({ ...holder, [key]: 5 })] as [string, string],
    ),
  ])('takes over a lock %s', async (_what, left) => {
    const folder = temporaryFolder();
    leave(folder, left);
    const lock = await lockFolder(folder, '', left === holder ? dead : alive);
    expect(lock.takenFrom).not.toBeNull();
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('believes another machine’s lock as long as it gives signs of life', async () => {
    const folder = temporaryFolder();
    const path = leave(folder, { ...holder, host: 'elsewhere' });
    await expect(lockFolder(folder, '', dead)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
    const now = Date.now() / 1000;
    /* A clock that is ahead, and one that does not work. */
    utimesSync(path, now + 3600, now + 3600);
    await expect(lockFolder(folder, '', dead)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
    for (const then of [now - 3600, now + 100 * 24 * 3600]) {
      leave(folder, { ...holder, host: 'elsewhere' });
      utimesSync(path, then, then);
      const lock = await lockFolder(folder, '', dead);
      expect(lock.takenFrom).toContain('elsewhere');
      await lock.release();
    }
  });

  it('gives a stale lock to one of many that want it', async () => {
    const folder = temporaryFolder();
    leave(folder, holder);
    /* All ask in this process: a lock of ours would be taken for stale, so whoever sees it sees a living stranger. */
    const locks = await Promise.allSettled(
      Array.from({ length: 8 }, () => lockFolder(folder, '', (pid) => pid !== holder.pid)),
    );
    expect(locks.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    for (const lock of locks) if (lock.status === 'fulfilled') await lock.value.release();
  });

  it('takes a lock over whose holder has given no sign for long, on this machine too', async () => {
    const folder = temporaryFolder();
    const path = leave(folder, holder);
    const hourAgo = Date.now() / 1000 - 3600;
    utimesSync(path, hourAgo, hourAgo);
    await (await lockFolder(folder, '', alive)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['a pipe', (path: string) => spawnSync('mkfifo', [path])],
    [
      'a folder',
      (path: string) => {
        mkdirSync(path);
      },
    ],
  ])('refuses a lock that is %s, without waiting for it', async (_what, put) => {
    const folder = temporaryFolder();
    put(join(folder, '.sdxl-refine.lock'));
    await expect(lockFolder(folder, '', alive)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  });

  it('says when another run took it away, and leaves that run’s lock alone', async () => {
    const folder = temporaryFolder();
    const lock = await lockFolder(folder, '', alive, 10);
    expect(lock.lost.aborted).toBe(false);
    leave(folder, { ...holder, host: 'elsewhere' });
    await once(lock.lost, 'abort');
    expect(lock.lost.reason).toMatchObject({ code: 'OUTPUT_LOCKED', message: expect.stringContaining('elsewhere') });
    await lock.release();
    expect(readdirSync(folder)).toEqual(['.sdxl-refine.lock']);
  });

  describe('tells processes of one number apart', () => {
    /** The lock of a process that lives beside this one, and what it says. */
    const withLiving = async (use: (folder: string, path: string, said: Said) => Promise<void>): Promise<void> => {
      const folder = temporaryFolder();
      const script = `import('${join(root, 'dist/run/results/run-lock.js')}').then(({ lockFolder }) =>
        lockFolder(process.argv[1], '', () => true).then(() => { console.log('locked'); setInterval(() => {}, 1e6); }))`;
      const child = spawn(process.execPath, ['-e', script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        await once(child.stdout, 'data');
        const path = join(folder, '.sdxl-refine.lock');
        await use(folder, path, JSON.parse(readFileSync(path, 'utf8')) as Said);
      } finally {
        child.kill('SIGKILL');
      }
    };
    interface Said {
      pid: number;
      host: string;
      place: { boot: string; namespace: string };
      start: string;
    }

    itOnLinux('the holder holds it, whatever else lives', async () => {
      await withLiving(async (folder) => {
        await expect(lockFolder(folder, '', dead)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
      });
    });

    itOnLinux('a later process with its number does not', async () => {
      await withLiving(async (folder, _, said) => {
        leave(folder, { ...said, start: String(Number(said.start) - 1) });
        expect((await lockFolder(folder, '', alive)).takenFrom).toContain(`process ${said.pid}`);
      });
    });

    itOnLinux('nor does a process with its number after the machine was started anew', async () => {
      await withLiving(async (folder, _, said) => {
        const place = { boot: 'another', namespace: MACHINE_NAMESPACE };
        leave(folder, { ...said, place });
        const isMachine = said.place.namespace === MACHINE_NAMESPACE;
        const locked = lockFolder(folder, '', alive);
        if (isMachine) expect((await locked).takenFrom).toContain(`process ${said.pid}`);
        else await expect(locked).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
      });
    });

    itOnLinux('one of another container is asked by its heartbeat, also where it has our number', async () => {
      await withLiving(async (folder, path, said) => {
        leave(folder, { ...said, pid: process.pid, place: { ...said.place, namespace: 'pid:[1]' } });
        await expect(lockFolder(folder, '', dead)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
        const soonAgo = Date.now() / 1000 - 150;
        utimesSync(path, soonAgo, soonAgo);
        await (await lockFolder(folder, '', alive)).release();
      });
    });

    itOnLinux('a zombie holds nothing', async () => {
      const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
        await waitFor('the zombie', () => !isRunning(Number(String(pid))));
        expect(await processStart(Number(String(pid)))).toBeNull();
      } finally {
        parent.kill('SIGKILL');
      }
    });
  });
});
