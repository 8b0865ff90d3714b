/** The lock of a run in object storage, between machines that share nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefineError } from '#src/errors.js';
import { processNamespace } from '#src/io/system/process-identity.js';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import { lockRemote } from '#src/run/results/remote/remote-lock.js';
import { waitFor } from '../../../support/processes.js';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'remote-'));
  store = await openStore(join(folder, 'store'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const names = async (): Promise<string[]> => {
  const all: string[] = [];
  for await (const { name } of store.list('')) all.push(name);
  return all;
};
const isAlive = (): boolean => true;
const lockText = (holder: object): Buffer => Buffer.from(JSON.stringify(holder));
const holder = { id: 'x', pid: 7, host: 'elsewhere', beat: Date.now() };
const LOCK = '.sdxl-refine/lock.json';

it('is held by one run, and free after it', async () => {
  const lock = await lockRemote(store, '', isAlive);
  expect(lock.takenFrom).toBeNull();
  await lock.release();
  expect(await names()).toEqual([]);
  await store.write(LOCK, lockText({ ...holder, beat: Date.now() }));
  await expect(lockRemote(store, '', isAlive)).rejects.toMatchObject({
    code: 'OUTPUT_LOCKED',
    message: expect.stringContaining('process 7 on elsewhere'),
  });
});

it.each([
  ['without a heartbeat', lockText({ ...holder, beat: Date.now() - 4 * 60_000 }), 'process 7 on elsewhere'],
  ['of a clock an hour ahead', lockText({ ...holder, beat: Date.now() + 3_600_000 }), 'process 7 on elsewhere'],
  ['that is no lock', Buffer.from('[]'), 'an unreadable lock'],
  ['of a negative process', lockText({ ...holder, pid: -1 }), 'an unreadable lock'],
])('%s is taken over', async (_what, text, from) => {
  await store.write(LOCK, text);
  const lock = await lockRemote(store, '', isAlive);
  expect(lock.takenFrom).toBe(from);
  await lock.release();
});

it('is not taken from a holder that cannot be read for a moment', async () => {
  await store.write(LOCK, lockText({ ...holder, beat: Date.now() }));
  const throttled = new RefineError('STORE_THROTTLED', 'too many requests');
  const busy: Store = { ...store, read: () => Promise.reject(throttled) };
  await expect(lockRemote(busy, '', isAlive)).rejects.toBe(throttled);
});

it.each([
  ['free by now', () => Promise.resolve()],
  ['written by the same upload before', (name: string, data: Uint8Array) => store.write(name, data)],
])('%s is taken without a note of an earlier holder', async (_what, before) => {
  let tries = 0;
  const repeated: Store = {
    ...store,
    writeNew: async (name, data) => {
      if (tries++ > 0) return store.writeNew(name, data);
      await before(name, data);
      return false;
    },
  };
  const lock = await lockRemote(repeated, '', isAlive, { pauseMs: 0 });
  expect(lock.takenFrom).toBeNull();
  await lock.release();
});

it('is not asked for without end where a store has and has not one', async () => {
  let tries = 0;
  const outOfStep: Store = { ...store, writeNew: () => Promise.resolve(++tries === 0) };
  await expect(lockRemote(outOfStep, '', isAlive, { pauseMs: 0 })).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('lock.json'),
  });
  expect(tries).toBe(5);
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(lockRemote(outOfStep, '', isAlive, { signal })).rejects.toThrow('stopped');
  expect(tries).toBe(6);
});

it('is gone after its release, also from the middle of a heartbeat', async () => {
  let beats = 0;
  const slow: Store = {
    ...store,
    write: async (name, data) => {
      beats++;
      await new Promise((resolve) => setTimeout(resolve, 50));
      await store.write(name, data);
    },
  };
  const lock = await lockRemote(slow, '', isAlive, { beatMs: 1 });
  await waitFor('a heartbeat', () => beats > 0);
  await lock.release();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(await names()).toEqual([]);
});

it('of another container with this host name and this number is held', async () => {
  const place = await processNamespace();
  if (place === null) return;
  const there = { place: { ...place, namespace: 'pid:[1]' }, start: '1', host: hostname(), pid: process.pid };
  await store.write(LOCK, lockText({ ...holder, ...there, beat: Date.now() }));
  await expect(lockRemote(store, '', isAlive)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
});

it('says when another run took it, and leaves that one', async () => {
  const lock = await lockRemote(store, '', isAlive, { beatMs: 20 });
  /* A heartbeat that had read its own lock just before would write over the other one. */
  await waitFor('a heartbeat', async () => {
    if (!lock.lost.aborted) await store.write(LOCK, lockText({ ...holder, beat: Date.now() }));
    return lock.lost.aborted;
  });
  expect(lock.lost.reason).toMatchObject({ code: 'OUTPUT_LOCKED' });
  await lock.release();
  expect(await names()).toEqual([LOCK]);
});
