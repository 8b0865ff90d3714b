/** Chunks in a store, and who may hold them: without a broker. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import type { GenerateMode, Row } from '#src/records/row.js';
import type { RefineSettings } from '#src/records/settings.js';
import type { ResultRecord } from '#src/records/result.js';
import { checkManifest } from '#src/run/manifest/check-manifest.js';
import { generateRowParser } from '#src/run/manifest/rows/parse-generate-row.js';
import { parseBatchRow } from '#src/run/manifest/rows/parse-row.js';
import { parseQueueUri } from '#src/run/queue/broker/queue-uri.js';
import { encodeChunk, readChunk, rowLine } from '#src/run/queue/chunk-file.js';
import type { ChunkRow } from '#src/run/queue/chunk-row.js';
import { readParts, writePart } from '#src/run/queue/chunk-parts.js';
import { isFull, stepSeconds } from '#src/run/queue/chunk-size.js';
import { buildResultRecord } from '#src/run/results/result-record.js';
import { createUploadJournal } from '#src/run/queue/upload-journal.js';
import { writeRows } from '../../../support/batch.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const never = new AbortController().signal;
let stores = 0;
const newStore = (): Promise<Store> => openStore(join(folder, `store-${stores++}`));

const rowsOf = async (lines: readonly object[]): Promise<ChunkRow[]> => {
  const path = join(folder, 'rows.jsonl');
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
  const source = { command: 'batch', parse: parseBatchRow, inputs: [path], cwd: folder, outputFolder: 'o' } as const;
  const { read } = await checkManifest({ ...source, options: {}, runSeed: 5 });
  const rows: ChunkRow[] = [];
  for await (const row of read()) rows.push(row);
  return rows;
};

const promptRowsOf = async (lines: readonly object[], mode: GenerateMode = 'two-stage'): Promise<ChunkRow[]> => {
  const path = writeRows(join(folder, 'prompts.jsonl'), lines);
  const parse = generateRowParser({ mode, stageInput: 'latents', keepsLatents: false });
  const source = { command: 'generate', parse, inputs: [path], cwd: folder, outputFolder: 'o' } as const;
  const { read } = await checkManifest({ ...source, options: {}, runSeed: 5 });
  const rows: ChunkRow[] = [];
  for await (const row of read()) rows.push(row);
  return rows;
};

describe('a chunk in the store', () => {
  const head = { run: 'r0123456789ab', chunk: 3, first: 30, rows: 2, steps: 15 };
  const write = async (store: Store, ...lines: string[]): Promise<void> => {
    await store.write('chunks/000000003.jsonl', encodeChunk({ ...head, rows: lines.length }, lines));
  };

  it('has its rows as they were, valid and invalid', async () => {
    const store = await newStore();
    const rows = await rowsOf([
      { image: 'a.png', prompt: 'ü 😀', timesteps: [900, 500, 10], lora_weights: {}, mine: [1, { b: null }], id: 'x' },
      { image: 'a.png', prompt: 'p', strength: 7 },
    ]);
    await write(store, ...rows.map(rowLine));
    const { rows: read } = await readChunk(store, 3, never);
    expect(read).toEqual(JSON.parse(JSON.stringify(rows)));
    expect(read.map(rowLine)).toEqual(rows.map(rowLine));
  });

  it.each<GenerateMode>(['base', 'ensemble', 'two-stage'])(
    'has rows of generate as they were, in mode %s',
    async (mode) => {
      const store = await newStore();
      const rows = await promptRowsOf(
        [{ prompt: 'ü', count: 2, width: 64, id: 'x' }, { prompt: 'p', steps: 0 }, {}],
        mode,
      );
      expect(rows).toHaveLength(4);
      await write(store, ...rows.map(rowLine));
      const { rows: read } = await readChunk(store, 3, never);
      expect(read.map(rowLine)).toEqual(rows.map(rowLine));
    },
  );

  const ofRefiner = (row: Row, change: Partial<RefineSettings>): Row => ({
    ...row,
    generation: { ...row.generation!, refiner: { ...row.generation!.refiner!, ...change } },
  });
  it.each<[string, (row: Row) => unknown]>([
    ['a picture to begin with', (row) => ({ ...row, source: { kind: 'file', path: '/a.png' } })],
    ['nothing of generate', ({ generation: _, ...row }) => row],
    ['latents beside its picture', (row) => ({ ...row, generation: { ...row.generation, latentsSuffix: '/../x' } })],
    ['a side out of its range', (row) => ({ ...row, source: { kind: 'noise', width: 1e6, height: null } })],
    ['a setting of the refiner out of its range', (row) => ofRefiner(row, { strength: 7 })],
    ['settings of the refiner that no step agrees with', (row) => ofRefiner(row, { strength: 0.001 })],
  ])('is refused with a row of generate that has %s', async (_, change) => {
    const store = await newStore();
    const [row] = await promptRowsOf([{ prompt: 'p', width: 64 }]);
    await write(store, `${JSON.stringify(change(row as Row))}\n`);
    await expect(readChunk(store, 3, never)).rejects.toMatchObject({ code: 'QUEUE_CHUNK_INVALID' });
  });

  it.each<[string, (row: Row) => unknown]>([
    ['an output that leads out', (row) => ({ ...row, output: '../a.png' })],
    ['an absolute output', (row) => ({ ...row, output: '/a.png' })],
    ['a setting out of its range', (row) => ({ ...row, settings: { ...row.settings, strength: 7 } })],
    ['no source', ({ source: _, ...row }) => row],
    ['an unknown encoding', (row) => ({ ...row, encoding: { format: 'exe' } })],
    ['no object', () => 5],
    ['an unknown kind of source', (row) => ({ ...row, source: { kind: 'shell', path: 'x' } })],
    ['an address that is none', (row) => ({ ...row, source: { kind: 'url', url: 'file:///etc/passwd' } })],
    ['an object that has no name', (row) => ({ ...row, source: { kind: 'store', uri: 's3://bucket/../x' } })],
    ['settings of another command', (row) => ({ ...row, generation: null })],
    ['a name’s suffix that leads out', (row) => ({ ...row, generation: { latentsSuffix: '/../../x' } })],
    ['an unknown setting', (row) => ({ ...row, settings: { ...row.settings, later: 1 } })],
    ['a seed that is not drawn', (row) => ({ ...row, settings: { ...row.settings, seed: -1 } })],
    ['no steps', ({ settings: { steps: _, ...settings }, ...row }) => ({ ...row, settings })],
    ['settings that no step agrees with', (row) => ({ ...row, settings: { ...row.settings, strength: 0.001 } })],
  ])('is refused with %s', async (_, change) => {
    const store = await newStore();
    const [row] = await rowsOf([{ image: 'a.png', prompt: 'p' }]);
    await write(store, `${JSON.stringify(change(row as Row))}\n`);
    await expect(readChunk(store, 3, never)).rejects.toMatchObject({ code: 'QUEUE_CHUNK_INVALID' });
  });

  it('gets the defaults of settings that the version of enqueue did not have', async () => {
    const store = await newStore();
    const [row] = await rowsOf([{ image: 'a.png', prompt: 'p' }]);
    const { cacheInterval, ...settings } = (row as Row).settings;
    await write(store, `${JSON.stringify({ ...row, settings })}\n`);
    const [read] = (await readChunk(store, 3, never)).rows;
    expect([cacheInterval, read?.settings]).toEqual([1, { ...settings, cacheInterval: 1 }]);
  });

  it('is refused if it has more lines than a chunk, before it is taken apart', async () => {
    const store = await newStore();
    await store.write(
      'chunks/000000003.jsonl',
      Buffer.concat([Buffer.from(JSON.stringify(head)), Buffer.alloc(2e7, '\n')]),
    );
    await expect(readChunk(store, 3, never)).rejects.toThrow('more than 10000 rows');
  });

  it('is refused if lines are missing', async () => {
    const store = await newStore();
    await store.write('chunks/000000003.jsonl', Buffer.from(`${JSON.stringify(head)}\n`));
    await expect(readChunk(store, 3, never)).rejects.toThrow('has 0 rows, not 2');
  });
});

describe('the size of chunks', () => {
  const size = { rows: 10, steps: 150, bytes: 10_000 };

  it('is by what earlier chunks took, by their median', () => {
    const report = (seconds: number): Parameters<typeof stepSeconds>[0][number] => ({
      rows: 1,
      failed: 0,
      steps: 10,
      seconds,
    });
    expect(stepSeconds([])).toBe(1);
    expect(stepSeconds([report(5), report(1000), report(6), { rows: 5, failed: 0, steps: 0, seconds: 0 }])).toBe(0.6);
    expect([isFull(size, null, 5), isFull(size, null, 6)]).toEqual([false, true]);
  });

  it('is as --chunk-rows says, and never more than the limits', () => {
    expect([isFull(size, 11, 1000), isFull(size, 10, 0)]).toEqual([false, true]);
    expect(isFull({ ...size, bytes: 40 * 2 ** 20 }, null, 0)).toBe(true);
    expect(isFull({ ...size, rows: 10_000 }, 1_000_000, 0)).toBe(true);
  });
});

describe('a picture in the store', () => {
  const record = { status: 'ok', image_file_name: 'a.png', output_sha256: 'x', output_bytes: 1 } as ResultRecord;
  const put = async (store: Store, bytes: string): Promise<ResultRecord> => {
    const own = join(folder, `own-${stores++}`);
    mkdirSync(own);
    writeFileSync(join(own, 'a.png'), bytes);
    const results: ResultRecord[] = [];
    const onResult = (result: ResultRecord): Promise<void> => Promise.resolve(void results.push(result));
    await createUploadJournal({ store, folder: own, signal: never, onResult }).append(record);
    return results[0]!;
  };

  it('is written once by two writers, and both end well', async () => {
    const store = await newStore();
    const [first, second] = await Promise.all([put(store, 'same'), put(store, 'same')]);
    expect([first, second]).toEqual([record, record]);
    expect(Buffer.from(await store.read('pictures/a.png', { maxBytes: 9 })).toString()).toBe('same');
  });

  it('stays as the first wrote it, and the second says so', async () => {
    const store = await newStore();
    await put(store, 'first');
    const second = await put(store, 'other');
    expect(second).toMatchObject({ output_bytes: 5, warnings: [expect.stringContaining('that one is kept')] });
    expect(second.output_sha256).toBe((await store.stat('pictures/a.png'))?.sha256);
    expect(Buffer.from(await store.read('pictures/a.png', { maxBytes: 9 })).toString()).toBe('first');
  });

  it('is not written after the lock has ended', async () => {
    const store = await newStore();
    const own = join(folder, `own-${stores++}`);
    mkdirSync(own);
    writeFileSync(join(own, 'a.png'), 'late');
    const journal = createUploadJournal({
      store,
      folder: own,
      signal: AbortSignal.abort(new Error('lost')),
      onResult: () => Promise.resolve(),
    });
    await expect(journal.append(record)).rejects.toThrow('lost');
    expect(await store.stat('pictures/a.png')).toBeNull();
  });
});

it('results of several holders are read together, the first of each row', async () => {
  const store = await newStore();
  const [row] = await rowsOf([{ image: 'a.png', prompt: 'p', seed: 1 }]);
  const error = { code: 'IMAGE_NOT_FOUND', message: 'none' } as const;
  const run = { model: 'm', device: 'cpu', precision: 'fp32' };
  const line = buildResultRecord(row!, { status: 'failed', error, durationMs: null }, run);
  await writePart(store, 1, 'a', new Map([[0, line]]));
  await writePart(
    store,
    1,
    'b',
    new Map([
      [0, { ...line, seed: 2 }],
      [2, { ...line, extra: { id64: 12345678901234567890n } }],
    ]),
  );
  await store.write('parts/000000001/c.jsonl', Buffer.from('{"at":1,"result":{"status":"ok"}}\nnot JSON\n'));
  const parts = await readParts(store, 1);
  expect([...parts].map(([at, { seed, extra }]) => [at, seed, extra])).toEqual([
    [0, line.seed, line.extra],
    [2, line.seed, { id64: 12345678901234567890n }],
  ]);
});

describe('the URI of a queue', () => {
  it.each([
    ['redis://u:p@h:6379/2?family=6', 'redis', 'redis://h:6379/2'],
    ['valkeys://h', 'redis', 'rediss://h'],
    ['postgresql://u:p@h/db?sslmode=require', 'postgres', 'postgres://h/db'],
    ['postgres://h/db?user=me@tenant&password=p@ss', 'postgres', 'postgres://h/db'],
  ])('%s is shown without credentials', (text, kind, shown) => {
    expect(parseQueueUri(text)).toMatchObject({ kind, shown });
  });
  it.each([
    ...['', 'h:6379', 'http://u:secret@h', 'redis://', 'redis://u:secret@h/x', 'redis://u:sec#ret@h:x'],
    /* A mark of URIs in a password, which then has the place of the host and the path. */
    ...['postgres://u:12/secret@h/db', 'postgres://u:12#secret@h/db', 'redis://u:12?secret@h'],
    ...['postgres://u:12?secret@h/db', 'redis://u:12?user=secret@h'],
  ])('%j is refused', (text) => {
    expect(() => parseQueueUri(text)).toThrow(
      expect.objectContaining({
        code: 'QUEUE_URI_INVALID',
        message: expect.not.stringContaining('secret') as string,
      }),
    );
  });
});
