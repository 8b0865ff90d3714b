/** The journal of a run in object storage: what a kill at each step leaves, and what the next run reads. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefineError } from '#src/errors.js';
import { processNamespace } from '#src/io/system/process-identity.js';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import { openRemoteJournal } from '#src/run/results/remote/remote-journal.js';
import { lockRemote } from '#src/run/results/remote/remote-lock.js';
import { watchRemote } from '#src/run/results/remote/remote-output.js';
import { waitFor } from '../../../support/processes.js';

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
const open = async (
  intervalMs = 0,
): Promise<{ path: string; journal: Awaited<ReturnType<typeof openRemoteJournal>> }> => {
  const path = join(folder, `results-${++copies}.jsonl`);
  return { path, journal: await openRemoteJournal(store, path, '', { intervalMs }) };
};
const soon = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  await waitFor('what a run does soon', isTrue);
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
  /* Another row, until the upload has failed. */
  const refused = await waitFor('a refusal', () =>
    journal.appended().then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  expect(refused).toMatchObject({ code: 'OUTPUT_LOCKED' });
});

it('uploads a line after the interval, without another line', async () => {
  const { path, journal } = await open(50);
  for (const line of ['one\n', 'two\n']) {
    appendFileSync(path, line);
    await journal.appended();
    await soon(async () => (await names()).length > 0);
  }
  await soon(async () => (await found()) === 'one\ntwo\n');
});

it('notices what another run wrote between its reading and its lock', async () => {
  const { path, journal } = await open();
  const expectUnchanged = await watchRemote(store, '');
  await expectUnchanged();
  appendFileSync(path, 'one\n');
  for (const write of [() => journal.flush(), () => journal.settle()]) {
    await write();
    await expect(expectUnchanged()).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
  }
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
    const lock = await lockRemote(repeated, '', isAlive);
    expect(lock.takenFrom).toBeNull();
    await lock.release();
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
    const lock = await lockRemote(slow, '', isAlive, 1);
    await soon(() => beats > 0);
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
    const lock = await lockRemote(store, '', isAlive, 20);
    /* A heartbeat that had read its own lock just before would write over the other one. */
    await soon(async () => {
      if (!lock.lost.aborted) await store.write(LOCK, lockText({ ...holder, beat: Date.now() }));
      return lock.lost.aborted;
    });
    expect(lock.lost.reason).toMatchObject({ code: 'OUTPUT_LOCKED' });
    await lock.release();
    expect(await names()).toEqual([LOCK]);
  });
});
