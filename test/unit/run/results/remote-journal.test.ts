/** The journal of a run in object storage: what a kill at each step leaves, and what the next run reads. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import { openRemoteJournal } from '#src/run/results/remote/remote-journal.js';
import { lockRemote } from '#src/run/results/remote/remote-lock.js';

let folder: string;
let store: Store;
let copies = 0;
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
/** A run's beginning: what it finds. */
const open = async (): Promise<{ path: string; journal: Awaited<ReturnType<typeof openRemoteJournal>> }> => {
  const path = join(folder, `results-${++copies}.jsonl`);
  return { path, journal: await openRemoteJournal(store, path, '', 0) };
};
const found = async (): Promise<string> => {
  const { path } = await open();
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

it('keeps lines in parts, which a later run joins and goes on with', async () => {
  const first = await open();
  appendFileSync(first.path, 'one\n');
  await first.journal.flush();
  appendFileSync(first.path, 'two\nthr');
  await first.journal.flush();
  /* Killed here. */
  const second = await open();
  expect(readFileSync(second.path, 'utf8')).toBe('one\ntwo\nthr');
  appendFileSync(second.path, 'ee\n');
  await second.journal.flush();
  expect(await names()).toEqual([0, 1, 2].map((number) => `.sdxl-refine/journal/none-0000000${number}.jsonl`));
  expect(await found()).toBe('one\ntwo\nthree\n');
});

it('joins the parts at the end, and takes no part twice after a kill in between', async () => {
  const { path, journal } = await open();
  appendFileSync(path, 'one\ntwo\n');
  await journal.flush();
  const part = await store.read('.sdxl-refine/journal/none-00000000.jsonl', { maxBytes: 100 });
  await journal.settle();
  expect(await names()).toEqual(['results.jsonl']);
  /* Killed after the results were written, before the parts were removed. */
  await store.write('.sdxl-refine/journal/none-00000000.jsonl', part);
  expect(await found()).toBe('one\ntwo\n');
  const next = await open();
  appendFileSync(next.path, 'three\n');
  await next.journal.flush();
  expect(await found()).toBe('one\ntwo\nthree\n');
  await next.journal.settle();
  expect(await names()).toEqual(['results.jsonl']);
});

it('starts over without the earlier results', async () => {
  const { path, journal } = await open();
  appendFileSync(path, 'one\n');
  await journal.settle();
  const over = await open();
  rmSync(over.path);
  await over.journal.reset();
  expect(await names()).toEqual([]);
  appendFileSync(over.path, 'new\n');
  await over.journal.flush();
  expect(await found()).toBe('new\n');
});

it('lets one of two runs go on with a journal', async () => {
  const [one, other] = [await open(), await open()];
  appendFileSync(one.path, 'one\n');
  appendFileSync(other.path, 'other\n');
  await one.journal.flush();
  await expect(other.journal.flush()).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
  expect(await found()).toBe('one\n');
});

it('takes a part for its own if its upload was answered late', async () => {
  const { path, journal } = await open();
  appendFileSync(path, 'one\n');
  await store.write('.sdxl-refine/journal/none-00000000.jsonl', Buffer.from('one\n'));
  await journal.flush();
  expect(await found()).toBe('one\n');
});

it('ends the run at the row after a failed upload', async () => {
  const { path, journal } = await open();
  await store.write('.sdxl-refine/journal/none-00000000.jsonl', Buffer.from('of another\n'));
  appendFileSync(path, 'one\n');
  await journal.appended();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await expect(journal.appended()).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
});

describe('the lock', () => {
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
    ['that is no lock', Buffer.from('[]'), 'an unreadable lock'],
    ['of a negative process', lockText({ ...holder, pid: -1 }), 'an unreadable lock'],
  ])('%s is taken over', async (_what, text, from) => {
    await store.write(LOCK, text);
    const lock = await lockRemote(store, '', isAlive);
    expect(lock.takenFrom).toBe(from);
    await lock.release();
  });

  it('says when another run took it, and leaves that one', async () => {
    const lock = await lockRemote(store, '', isAlive, 20);
    await store.write(LOCK, lockText({ ...holder, beat: Date.now() }));
    await new Promise<void>((resolve) => {
      lock.lost.addEventListener('abort', () => {
        resolve();
      });
    });
    expect(lock.lost.reason).toMatchObject({ code: 'OUTPUT_LOCKED' });
    await lock.release();
    expect(await names()).toEqual([LOCK]);
  });
});
