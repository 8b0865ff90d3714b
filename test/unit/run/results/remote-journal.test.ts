/** The journal of a run in object storage: what a kill at each step leaves, and what the next run reads. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import { openRemoteJournal } from '#src/run/results/remote/remote-journal.js';
import { watchRemote } from '#src/run/results/remote/remote-output.js';
import { waitFor } from '../../../support/processes.js';

const { jest } = import.meta;

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

it('waits for an upload that takes longer than the interval without looking again and again', async () => {
  const path = join(folder, 'slow.jsonl');
  let begin: () => void = () => undefined;
  let end: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const mayEnd = new Promise<void>((resolve) => (end = resolve));
  const slow: Store = {
    ...store,
    writeNew: async (name, data) => {
      begin();
      await mayEnd;
      return store.writeNew(name, data);
    },
  };
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  try {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    const journal = await openRemoteJournal(slow, path, '', { intervalMs: 10 });
    appendFileSync(path, 'one\n');
    await journal.appended();
    jest.advanceTimersByTime(10);
    await begun;
    appendFileSync(path, 'two\n');
    await journal.appended();
    jest.advanceTimersByTime(1000);
    expect(timers).toHaveBeenCalledTimes(2);
  } finally {
    jest.useRealTimers();
  }
  end();
  await soon(async () => (await found()) === 'one\ntwo\n');
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
