/** Feeding a queue: what is written, and what a second call finds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import { encodeChunk, readChunk, rowLine } from '#src/run/queue/chunk-file.js';
import type { ChunkRow } from '#src/run/queue/chunk-row.js';
import { feed, findFed } from '#src/run/queue/feed.js';
import { readCursor, writeCursor, type RunFile } from '#src/run/queue/run-file.js';
import { memoryBroker, type MemoryBroker } from '../../../support/memory-broker.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
let stores = 0;
const newStore = (): Promise<Store> => openStore(join(folder, `store-${stores++}`));

const run: RunFile = {
  ...{ format: 1, id: 'r0123456789ab', version: '1.0.0', inputs: ['rows'], rows: 4, command: '', seed: 1, cwd: folder },
  flags: {},
};
/** Invalid rows are the shortest to write. */
const rowOf = (index: number, extra: Record<string, unknown> = {}): ChunkRow => ({
  ...{ index, rowNumberPerFile: index, inputName: 'rows', line: null, id: null, sourceText: null, settings: {}, extra },
  error: { code: 'ROW_SYNTAX', message: 'no' },
  problems: [],
});
const rowsOf = (count: number, extra?: Record<string, unknown>): ChunkRow[] =>
  Array.from({ length: count }, (_, index) => rowOf(index, extra));

async function* asyncRows(rows: readonly ChunkRow[]): AsyncGenerator<ChunkRow> {
  for (const row of rows) yield await Promise.resolve(row);
}

interface Feeding {
  store: Store;
  broker?: MemoryBroker;
  rows: readonly ChunkRow[];
  chunkRows?: number;
  version?: string;
  onEnd?: () => void;
  /** Rows that were checked; default: as many as there are. */
  checked?: number;
}

const feedRows = async ({ broker = memoryBroker(), ...options }: Feeding): Promise<void> => {
  const { store, rows, chunkRows = null, version = run.version, onEnd, checked = rows.length } = options;
  async function* each(): AsyncGenerator<ChunkRow> {
    try {
      yield* asyncRows(rows);
    } finally {
      onEnd?.();
    }
  }
  await feed({
    ...{ run: { ...run, rows: checked }, store, broker, rows: each(), chunkRows, version },
    ...{ storePlace: store.shown, window: 100, signal: new AbortController().signal, report: () => undefined },
  });
};

describe('feeding a queue', () => {
  it('cuts chunks by all bytes of their rows, not only those of pictures', async () => {
    const store = await newStore();
    const broker = memoryBroker();
    await feedRows({ store, broker, rows: rowsOf(10, { note: 'x'.repeat(4 * 2 ** 20) }) });
    expect(broker.waiting.map(({ rows }) => rows)).toEqual([8, 2]);
  });

  it('ends the reading of the inputs, also when it fails', async () => {
    const store = await newStore();
    await store.write('chunks/000000000.jsonl', Buffer.from('damaged'));
    let ends = 0;
    const feeding = feedRows({ store, rows: rowsOf(4), onEnd: () => ends++ });
    await expect(feeding).rejects.toMatchObject({ code: 'QUEUE_CHUNK_INVALID' });
    expect(ends).toBe(1);
  });

  it('takes over its own chunks, and refuses those of another run, with equal rows too', async () => {
    const rows = rowsOf(2);
    const chunkOf = (id: string): Uint8Array =>
      encodeChunk({ run: id, chunk: 0, first: 0, rows: 2, steps: 0 }, rows.map(rowLine));
    const own = await newStore();
    await own.write('chunks/000000000.jsonl', chunkOf(run.id));
    await feedRows({ store: own, rows });
    const others = await newStore();
    await others.write('chunks/000000000.jsonl', chunkOf('rba9876543210'));
    await expect(feedRows({ store: others, rows })).rejects.toMatchObject({
      code: 'QUEUE_OTHER_RUN',
      message: expect.stringMatching(/000000000.jsonl is of the run rba9876543210.*another --store/) as string,
    });
  });

  it('goes on after chunks of other lengths, though the next is read while one is written', async () => {
    const store = await newStore();
    const rows = rowsOf(10);
    for (const [chunk, first, end] of [
      [0, 0, 1],
      [1, 1, 6],
    ] as const) {
      const lines = rows.slice(first, end).map(rowLine);
      const head = { run: run.id, chunk, first, rows: end - first, steps: 0 };
      await store.write(`chunks/00000000${chunk}.jsonl`, encodeChunk(head, lines));
    }
    const broker = memoryBroker();
    await feedRows({ store, broker, rows, chunkRows: 3 });
    expect(broker.waiting.map(({ rows: count }) => count)).toEqual([1, 5, 3, 1]);
    const { rows: last } = await readChunk(store, 3, new AbortController().signal);
    expect(last.map(({ index }) => index)).toEqual([9]);
  });

  it('adds jobs again that a broker may have lost since the cursor was written, but not of finished chunks', async () => {
    const store = await newStore();
    await feedRows({ store, rows: rowsOf(4), chunkRows: 1, broker: memoryBroker(1000) });
    const cursor = (await readCursor(store))!;
    expect(cursor).toMatchObject({ chunks: 4, sure: 0 });
    /* All added, the last two not long ago; then enqueue and broker died. */
    await store.remove('end.json');
    await writeCursor(store, { ...cursor, sure: 1 });
    await store.write('results/000000002.jsonl', Buffer.from('done'));
    const broker = memoryBroker();
    await feedRows({ store, broker, rows: rowsOf(4), chunkRows: 1 });
    expect(broker.waiting.map(({ chunk }) => chunk)).toEqual([1, 3]);
  });

  it('refuses rows that are fewer or more than when they were checked: the run has no end then', async () => {
    for (const checked of [4, 2]) {
      const store = await newStore();
      await expect(feedRows({ store, rows: rowsOf(3), checked })).rejects.toMatchObject({ code: 'QUEUE_OTHER_RUN' });
      expect(await store.has('end.json')).toBe(false);
    }
  });

  it('keeps all digits of the ids that rows have beside their settings', async () => {
    const store = await newStore();
    await feedRows({ store, rows: rowsOf(1, { id64: 12345678901234567890n }) });
    const { rows } = await readChunk(store, 0, new AbortController().signal);
    expect(rows[0]?.extra).toEqual({ id64: 12345678901234567890n });
  });

  it('knows rows again that an earlier call put into the queue to the end, and sees that one changed', async () => {
    const store = await newStore();
    const found = (rows: readonly ChunkRow[]): ReturnType<typeof findFed> =>
      findFed({ store, run, version: run.version, rows: asyncRows(rows) });
    expect(await found(rowsOf(4))).toBe(null);
    await feedRows({ store, rows: rowsOf(4), chunkRows: 2 });
    expect(await found(rowsOf(4))).toEqual({ chunks: 2, rows: 4 });
    await expect(found([...rowsOf(3), rowOf(3, { note: 'new' })])).rejects.toThrow(/rows have changed since/);
  });

  it.each([
    ['1.0.0', /rows have changed since. Restore the inputs, or/],
    ['1.1.0', /version 1.1.0 of this program reads them differently than 1.0.0.*go on with version 1.0.0/],
  ])('says what may have changed the rows, in version %s', async (version, said) => {
    const store = await newStore();
    await writeCursor(store, { chunks: 1, rows: 1, digest: 'other' });
    await expect(feedRows({ store, rows: rowsOf(2), version })).rejects.toThrow(said);
  });
});
