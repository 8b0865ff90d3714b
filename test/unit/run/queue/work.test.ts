/** What a worker does with the chunks that it takes: without an engine, and with a queue in memory. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import { jobAgain } from '#src/run/queue/broker/broker.js';
import { resultsName } from '#src/run/queue/store-names.js';
import { work, type WorkEvent, type WorkOptions } from '#src/run/queue/work.js';
import type { OpenRun } from '#src/run/queue/work-chunk.js';
import { rowOf } from '../../../support/as-it-came.js';
import { workFolder } from '../../../support/batch.js';
import { memoryBroker, type MemoryBroker } from '../../../support/memory-broker.js';
import { openRun, OTHER, resultsOf, RUN, storeOf, writeChunk } from '../../../support/queued-run.js';
import { namesOf } from '../../../support/store-contract.js';

const folder = workFolder();
const never = new AbortController().signal;
interface Worked {
  events: string[];
  thrown: unknown;
}
const workAll = async (broker: MemoryBroker, store: Store, more: Partial<WorkOptions> = {}): Promise<Worked> => {
  const events: string[] = [];
  const report = (event: WorkEvent): void => {
    if (event.kind !== 'batch' && event.kind !== 'begun') events.push(`${event.kind} ${event.job.chunk}`);
  };
  const opened = openRun(store);
  const thrown = await work({
    ...{ broker, lockMs: 60_000, openStore: () => Promise.resolve(store), openRun: () => Promise.resolve(opened) },
    ...{ idleMs: 0, signal: never, report, ...more },
  }).then(
    () => null,
    (error: unknown) => error,
  );
  return { events, thrown };
};
const queueOf = async (...chunks: readonly number[]): Promise<MemoryBroker> => {
  const broker = memoryBroker();
  await broker.add(chunks.map((chunk) => jobAgain(RUN, 'store', chunk)));
  return broker;
};

describe('a worker', () => {
  it('writes pictures and results of its chunks, and leaves nothing else', async () => {
    const store = await storeOf(RUN, 2);
    const opened = openRun(store);
    const { events, thrown } = await workAll(await queueOf(0, 1), store, { openRun: () => Promise.resolve(opened) });
    expect([events, thrown]).toEqual([['finished 0', 'finished 1'], null]);
    expect([await resultsOf(store, 0), await resultsOf(store, 1)]).toEqual([['ok'], ['ok']]);
    expect(await namesOf(store, 'pictures/')).toEqual(['pictures/0.png', 'pictures/1.png']);
    expect([readdirSync(opened.folder), await namesOf(store, 'parts/')]).toEqual([[], []]);
  });

  it('hands a chunk back if its store has another run, even one with results of that number', async () => {
    const store = await storeOf(OTHER);
    await store.write(resultsName(0), Buffer.from('of the other'));
    const broker = await queueOf(0);
    const { events, thrown } = await workAll(broker, store);
    expect(thrown).toMatchObject({ code: 'QUEUE_OTHER_RUN', message: expect.stringContaining(OTHER) as string });
    expect([events, broker.waiting.length, broker.done]).toEqual([['returned 0'], 1, []]);
  });

  it('hands a chunk back if its store is not there, also if it was before', async () => {
    const nowhere = await openStore(join(folder, 'not mounted'));
    const first = await queueOf(0);
    expect((await workAll(first, nowhere)).thrown).toMatchObject({ code: 'QUEUE_OTHER_RUN' });
    const store = await storeOf(RUN, 2);
    const second = await queueOf(0, 1);
    const report = (event: WorkEvent): void => {
      if (event.kind === 'finished') rmSync(store.shown, { recursive: true });
    };
    expect((await workAll(second, store, { report })).thrown).toMatchObject({ code: 'QUEUE_OTHER_RUN' });
    expect([first, second].map(({ waiting, failures }) => [waiting.length, failures.length])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('fails a chunk that is missing or of another run, says where, and goes on', async () => {
    const store = await storeOf(RUN, 3);
    await store.remove('chunks/000000000.jsonl');
    await writeChunk(store, 1, [rowOf(0)], OTHER);
    const broker = await queueOf(0, 1, 2);
    const { events } = await workAll(broker, store);
    expect(events).toEqual(['failed 0', 'failed 1', 'finished 2']);
    expect(broker.failures.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/chunks\/000000000.jsonl in .*store-\d+.*is missing.*queue retry/),
      expect.stringMatching(/is of the run rba9876543210, not of r0123456789ab/),
    ]);
  });

  it('fails a chunk on an unexpected error, and ends after three in a row', async () => {
    const store = await storeOf(RUN, 6);
    let calls = 0;
    const opened = openRun(store);
    const faulty = (): Promise<OpenRun> =>
      ++calls === 2 ? Promise.resolve(opened) : Promise.reject(new TypeError('no such thing'));
    const broker = await queueOf(0, 1, 2, 3, 4, 5);
    const { events, thrown } = await workAll(broker, store, { openRun: faulty });
    expect(events).toEqual(['failed 0', 'finished 1', 'failed 2', 'failed 3', 'failed 4']);
    expect(thrown).toBeInstanceOf(TypeError);
    expect(broker.failures[0]?.reason).toMatch(/no such thing \[INTERNAL\]/);
    expect(broker.waiting).toHaveLength(1);
  });

  it('removes parts that the writer of the results left', async () => {
    const store = await storeOf(RUN);
    await store.write(resultsName(0), Buffer.from('done'));
    await store.write('parts/000000000/x.jsonl', Buffer.from('left'));
    expect((await workAll(await queueOf(0), store)).events).toEqual(['finished 0']);
    expect(await namesOf(store, 'parts/')).toEqual([]);
  });

  it('is not over before a chunk that came after the stop is back', async () => {
    const stop = new AbortController();
    const broker = await queueOf(0);
    const take = broker.take.bind(broker);
    broker.take = async () => {
      stop.abort();
      const taken = (await take())!;
      return { ...taken, handBack: () => sleep(100).then(() => taken.handBack()) };
    };
    await workAll(broker, await storeOf(RUN), { signal: stop.signal });
    expect(broker.waiting).toHaveLength(1);
  });
});
