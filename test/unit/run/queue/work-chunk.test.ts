/** A chunk in a worker: its tries, its lock, its results. */
import { RefineError } from '#src/errors.js';
import type { BatchEvent } from '#src/run/batch/events.js';
import type { RowProcessor } from '#src/run/batch/row-processor.js';
import type { Row } from '#src/records/row.js';
import { readChunk } from '#src/run/queue/chunk-file.js';
import type { HeldChunk } from '#src/run/queue/held-chunk.js';
import { workChunk } from '#src/run/queue/work-chunk.js';
import { NO_SCREENING } from '#src/run/safety/screening.js';
import { asItCame, rowOf } from '../../../support/as-it-came.js';
import { openRun, resultsOf, RUN, storeOf, writeChunk } from '../../../support/queued-run.js';
import { namesOf } from '../../../support/store-contract.js';

const never = new AbortController().signal;

describe('a chunk', () => {
  const heldBy = (more: Partial<HeldChunk> = {}): HeldChunk => {
    const deaths = new Map<number, number>();
    const nothing = (): Promise<void> => Promise.resolve();
    return {
      taken: { id: 'x' } as HeldChunk['taken'],
      lost: never,
      deaths,
      begin: nothing,
      end: () => undefined,
      addDeath: (row) => Promise.resolve(void deaths.set(row, (deaths.get(row) ?? 0) + 1)),
      clear: nothing,
      release: () => undefined,
      ...more,
    };
  };
  const rowEvents = (events: readonly BatchEvent[]): string[] =>
    events.flatMap((event) =>
      event.kind === 'row' ? [`${event.rowIndex} ${event.result.error?.code ?? event.result.status}`] : [],
    );

  it('can be taken again by the worker that lost it between a picture and its upload', async () => {
    const store = await storeOf(RUN);
    const chunk = await readChunk(store, 0, never);
    const lock = new AbortController();
    const lostInTime = { ...NO_SCREENING, after: () => Promise.resolve((lock.abort(new Error('lost')), [])) };
    const opened = openRun(store);
    const options = { signal: lock.signal, report: () => undefined };
    await expect(
      workChunk(heldBy({ lost: lock.signal }), chunk, { ...opened, screening: lostInTime }, options),
    ).rejects.toThrow('lost');
    expect(await namesOf(store, 'pictures/')).toEqual([]);
    await workChunk(heldBy(), chunk, opened, { ...options, signal: never });
    expect(await resultsOf(store)).toEqual(['ok']);
  });

  it('fails rows that name a LoRA which does not fit, and no others', async () => {
    const store = await storeOf(RUN);
    const named = (row: Row, name: string): Row => ({
      ...row,
      settings: { ...row.settings, loraWeights: { [name]: 1 } },
    });
    await writeChunk(store, 0, [named(rowOf(0), 'other'), named(rowOf(1), 'fits'), rowOf(2)]);
    const opened = openRun(store);
    const info = { ...opened.info, lorasLeftOut: { other: 'its layers are of another model' } };
    const events: BatchEvent[] = [];
    const options = { signal: never, report: (event: BatchEvent) => void events.push(event) };
    await workChunk(heldBy(), await readChunk(store, 0, never), { ...opened, info }, options);
    expect(await resultsOf(store)).toEqual(['ROW_FIELD_INVALID', 'ok', 'ok']);
    expect(rowEvents(events)).toEqual(['0 ROW_FIELD_INVALID', '1 ok', '2 ok']);
  });

  it('writes nothing after its lock, and saves its results after other ends', async () => {
    for (const isLost of [true, false]) {
      const store = await storeOf(RUN);
      await writeChunk(store, 0, [rowOf(0), rowOf(1)]);
      const end = new AbortController();
      const report = (event: BatchEvent): void => {
        if (event.kind === 'row') end.abort(new Error('ended'));
      };
      const held = heldBy(isLost ? { lost: end.signal } : {});
      const chunk = await readChunk(store, 0, never);
      await expect(workChunk(held, chunk, openRun(store), { signal: end.signal, report })).rejects.toThrow('ended');
      expect(await namesOf(store, 'parts/')).toHaveLength(isLost ? 0 : 1);
    }
  });

  it('has a failed row where the store cannot keep its picture’s name', async () => {
    const store = await storeOf(RUN);
    await writeChunk(store, 0, [{ ...rowOf(0), output: 'a b.png' }, rowOf(1)]);
    const checkName = (name: string): void => {
      if (name.includes(' ')) throw new RefineError('STORE_URI_INVALID', 'no spaces');
    };
    const events: BatchEvent[] = [];
    await workChunk(heldBy(), await readChunk(store, 0, never), openRun({ ...store, checkName }), {
      ...{ signal: never, report: (event) => events.push(event) },
    });
    expect(await resultsOf(store)).toEqual(['OUTPUT_OBSTRUCTED', 'ok']);
    expect(rowEvents(events)).toEqual(['0 OUTPUT_OBSTRUCTED', '1 ok']);
  });

  it('reports a row once, with its result, however often it is tried', async () => {
    const store = await storeOf(RUN);
    await writeChunk(store, 0, [rowOf(0), rowOf(1), rowOf(2)]);
    const tries = new Map<number, number>();
    /** The engine dies once of row 0, always of row 1. */
    const dying: RowProcessor = {
      ...asItCame,
      async *run(rows, context) {
        for await (const ready of rows) {
          const { index } = ready.row;
          tries.set(index, (tries.get(index) ?? 0) + 1);
          if (ready.kind !== 'ready' || index === 2 || (index === 0 && tries.get(0) === 2)) {
            yield* asItCame.run(
              (async function* () {
                yield await Promise.resolve(ready);
              })(),
              context,
            );
          } else {
            const error = new RefineError('ENGINE_CRASHED', 'it died');
            yield { kind: 'failed', row: ready.row, digest: null, error };
          }
        }
      },
    };
    const events: BatchEvent[] = [];
    const opened = openRun(store, { work: dying });
    await workChunk(heldBy(), await readChunk(store, 0, never), opened, {
      ...{ signal: never, report: (event) => events.push(event) },
    });
    expect(await resultsOf(store)).toEqual(['ok', 'WORKER_DIED', 'ok']);
    expect(rowEvents(events)).toEqual(['2 ok', '0 ok', '1 WORKER_DIED']);
  });
});
