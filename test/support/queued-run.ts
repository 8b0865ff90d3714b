/** Runs of a queue in stores, for tests without an engine. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import type { Row } from '#src/records/row.js';
import { StepWatch } from '#src/run/engine/step-watch.js';
import { encodeChunk, rowLine } from '#src/run/queue/chunk-file.js';
import { chunkName, resultsName } from '#src/run/queue/store-names.js';
import type { OpenRun } from '#src/run/queue/work-chunk.js';
import { parseRecord } from '#src/run/results/parse-record.js';
import { NO_SCREENING } from '#src/run/safety/screening.js';
import { asItCame, asItCameInfo, rowOf } from './as-it-came.js';
import { workFolder } from './batch.js';

const folder = workFolder();
let stores = 0;
export const RUN = 'r0123456789ab';
export const OTHER = 'rba9876543210';

/** A run in a store, of a row in each chunk. */
export const storeOf = async (id: string, chunks = 1): Promise<Store> => {
  const store = await openStore(join(folder, `store-${stores++}`));
  const run = { format: 1, id, version: '1', inputs: [], rows: chunks, command: '', seed: 1, cwd: '/', flags: {} };
  await store.write('run.json', Buffer.from(JSON.stringify(run)));
  for (let chunk = 0; chunk < chunks; chunk++) await writeChunk(store, chunk, [rowOf(chunk)], id);
  return store;
};
export const writeChunk = (store: Store, chunk: number, rows: readonly Row[], run = RUN): Promise<void> => {
  return store.write(
    chunkName(chunk),
    encodeChunk({ run, chunk, first: 0, rows: rows.length, steps: 1 }, rows.map(rowLine)),
  );
};
export const openRun = (store: Store, more: Partial<OpenRun> = {}): OpenRun => {
  const scratch = join(folder, `scratch-${stores++}`);
  mkdirSync(scratch);
  const watch = new StepWatch(60_000);
  return {
    ...{ store, work: asItCame, info: asItCameInfo, screening: NO_SCREENING, folder: scratch, watch, version: '1' },
    ...more,
  };
};
export const resultsOf = async (store: Store, chunk = 0): Promise<string[]> => {
  const text = Buffer.from(await store.read(resultsName(chunk), { maxBytes: 1e6 })).toString();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => parseRecord(Buffer.from(line)))
    .map((parsed) => ('record' in parsed ? (parsed.record.error?.code ?? parsed.record.status) : parsed.fault));
};
