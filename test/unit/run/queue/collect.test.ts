/** Results of a run's chunks that are late, failed or gone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import { addMissing } from '#src/run/queue/add-missing.js';
import { jobAgain } from '#src/run/queue/broker/broker.js';
import { collect } from '#src/run/queue/collect.js';
import { collectCounted } from '#src/run/queue/count-results.js';
import type { RunFile } from '#src/run/queue/run-file.js';
import { resultsName } from '#src/run/queue/store-names.js';
import { resultLine } from '#src/run/results/journal.js';
import { okRecord } from '../results/records.js';
import { memoryBroker } from '../../../support/memory-broker.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const run: RunFile = {
  ...{ format: 1, id: 'r0123456789ab', version: '1', inputs: [], rows: 3, command: '', seed: 1, cwd: '/', flags: {} },
};
let stores = 0;
/** Three chunks, of which these have results. */
const storeWith = async (...finished: readonly number[]): Promise<Store> => {
  const store = await openStore(join(folder, `store-${stores++}`));
  await store.write('run.json', Buffer.from(JSON.stringify(run)));
  await store.write('end.json', Buffer.from('{"chunks":3,"rows":3}'));
  for (const chunk of finished) await store.write(resultsName(chunk), Buffer.from(`${chunk} `));
  return store;
};

it('names a chunk that a follower waits for, and goes on once it is there', async () => {
  const store = await storeWith(0, 2);
  const waits: number[] = [];
  const onWait = (chunk: number): void => {
    waits.push(chunk);
    if (waits.length === 2) void store.write(resultsName(1), Buffer.from('1 '));
  };
  let text = '';
  const options = { store, run, follows: true, allowsHoles: false, signal: new AbortController().signal };
  for await (const bytes of collect({ ...options, onWait, lookMs: 5, patienceMs: 10 })) text += String(bytes);
  expect(text).toBe('0 \n1 \n2 \n');
  expect(waits.slice(0, 2)).toEqual([1, 1]);
});

it('adds chunks without results again, also those that the queue remembers as completed', async () => {
  const broker = memoryBroker();
  broker.done.push(...[0, 1].map((chunk) => jobAgain(run.id, 's', chunk)));
  expect(await addMissing(broker, 's', await storeWith(0))).toBe(2);
  expect([broker.waiting, broker.done].map((jobs) => jobs.map(({ chunk }) => chunk))).toEqual([[1, 2], [0]]);
});

describe('counting what it collects', () => {
  const line = resultLine(okRecord());
  const collectAll = async (store: Store, rows: number, allowsHoles = false): Promise<string> => {
    const options = { store, run: { ...run, rows }, follows: false, allowsHoles, signal: new AbortController().signal };
    const { bytes, summary } = collectCounted(options);
    let text = '';
    for await (const part of bytes) text += String(part);
    return `${summary().rows} of ${rows}\n${text}`;
  };
  const storeOf = async (...texts: readonly string[]): Promise<Store> => {
    const store = await storeWith();
    for (const [chunk, text] of texts.entries()) await store.write(resultsName(chunk), Buffer.from(text));
    return store;
  };

  it('gives what is whole, and counts lines that come in pieces', async () => {
    const store = await storeOf(line, line + line, line);
    expect(await collectAll(store, 4)).toBe(`4 of 4\n${line.repeat(4)}`);
    const pieces = {
      ...store,
      stream: async function* (name: string) {
        for await (const bytes of store.stream(name)) for (const byte of bytes) yield Buffer.of(byte);
      },
    };
    expect(await collectAll(pieces, 4)).toBe(`4 of 4\n${line.repeat(4)}`);
  });

  it('refuses results with fewer lines than rows, names the damaged object, and loses no whole line after a cut one', async () => {
    const torn = line.slice(0, 100);
    const store = await storeOf(line + line, line + torn, line + line);
    await expect(collectAll(store, 6)).rejects.toMatchObject({
      code: 'QUEUE_INCOMPLETE',
      message: expect.stringMatching(
        /of the 6 rows .*, found 5: .* in results\/000000001.jsonl\. .*queue retry/,
      ) as string,
    });
    expect(await collectAll(store, 6, true)).toBe(`5 of 6\n${line.repeat(3)}${torn}\n${line.repeat(2)}`);
    await expect(collectAll(await storeOf(line, '', line), 3)).rejects.toThrow('found 2: some of its objects');
  });
});
