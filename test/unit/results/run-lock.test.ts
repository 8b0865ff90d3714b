import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { lockFolder } from '#src/results/run-lock.js';
import { temporaryFolder } from '../../support/run-cli.js';

const alive = (): boolean => true;
const dead = (): boolean => false;
const leave = (folder: string, holder: object | string): string => {
  const path = join(folder, '.sdxl-refine.lock');
  writeFileSync(path, typeof holder === 'string' ? holder : JSON.stringify(holder));
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
  ])('takes over a lock %s', async (_what, left) => {
    const folder = temporaryFolder();
    leave(folder, left);
    const lock = await lockFolder(folder, '', typeof left === 'object' && left.pid === process.pid ? alive : dead);
    expect(lock.takenFrom).not.toBeNull();
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('believes another machine’s lock as long as it gives signs of life', async () => {
    const folder = temporaryFolder();
    const path = leave(folder, { ...holder, host: 'elsewhere' });
    await expect(lockFolder(folder, '', dead)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
    const hourAgo = Date.now() / 1000 - 3600;
    utimesSync(path, hourAgo, hourAgo);
    const lock = await lockFolder(folder, '', dead);
    expect(lock.takenFrom).toContain('elsewhere');
    await lock.release();
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
});
