/** Chunks of a queue's store, which others may write: what a worker accepts, it can run and has a sound result for. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { join } from 'node:path';
import { openStore } from '#src/io/store/open-store.js';
import type { Row } from '#src/records/row.js';
import { rowDigest } from '#src/run/batch/row-digest.js';
import { countSteps } from '#src/run/manifest/rows/count-steps.js';
import { parseOutput } from '#src/run/manifest/rows/output-name.js';
import { encodeChunk, readChunk, rowLine } from '#src/run/queue/chunk-file.js';
import { parseChunkRow, type ChunkRow } from '#src/run/queue/chunk-row.js';
import { chunkName } from '#src/run/queue/store-names.js';
import { resultLine } from '#src/run/results/journal.js';
import { parseRecord } from '#src/run/results/parse-record.js';
import { buildResultRecord } from '#src/run/results/result-record.js';
import { plainSettings } from '../support/settings.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { orRefused } from './refusals.js';
import { scratchFolder } from './scratch.js';

const shared = { rowNumberPerFile: 0, inputName: 'rows.jsonl', line: 1, id: 'x', extra: { note: [1, { a: null }] } };
const valid: Row = {
  ...{ ...shared, index: 0, sourceText: 'a.png', source: { kind: 'file', path: '/in/a.png' }, settings: plainSettings },
  ...{ fit: 'pad', output: 'out/a.png', encoding: { format: 'png', quality: null, bitDepth: 8, metadata: true } },
};
const rows: ChunkRow[] = [
  valid,
  { ...valid, index: 1, source: { kind: 'url', url: 'https://host/a.png' }, output: 'b.jpg', warnings: ['w'] },
  { ...valid, index: 2, source: { kind: 'latents', path: '/in/a.npy' }, output: 'c.safetensors', encoding: null },
  {
    ...{ ...shared, index: 3, sourceText: null, settings: { steps: 5 } },
    ...{ error: { code: 'ROW_SYNTAX', message: 'no' }, problems: ['no'] },
  },
];
const head = { run: 'r0123456789ab', chunk: 0, first: 0, rows: rows.length, steps: 45 };

const chunks = mutationsOf(
  {
    chunk: () => Buffer.from(encodeChunk(head, rows.map(rowLine))),
    line: () => Buffer.from(encodeChunk({ ...head, rows: 1 }, [rowLine(valid)])),
  },
  [
    ...['null', '-1', '1e300', '1.5', '[]', '{}', '""', '\n\n', '"rows":', '"steps":', '"seed":', '"strength":'],
    ...['"error":', '"generation":null,', '"kind":"store","uri":"s3://b/', '"kind":"noise",', '../', '"output":'],
  ],
);

const expectSound = (row: ChunkRow): void => {
  const parsed = parseChunkRow(JSON.parse(rowLine(row)) as Record<string, unknown>);
  deepStrictEqual('row' in parsed ? parsed.row : parsed.fault, row);
  const steps = countSteps(row);
  ok(Number.isSafeInteger(steps) && steps >= 0 && steps <= 1000);
  if (!('error' in row)) {
    strictEqual(parseOutput(row.output, 'png'), row.output);
    ok(steps > 0 && rowDigest(row, 'input', 'model').length === 64);
  }
  const outcome = { status: 'failed', error: { code: 'IMAGE_NOT_FOUND', message: 'no' }, durationMs: null } as const;
  const line = resultLine(buildResultRecord(row, outcome, { model: 'm', device: 'cpu', precision: 'fp32' }));
  const record = parseRecord(Buffer.from(line.trimEnd()));
  ok('record' in record, 'fault' in record ? record.fault : '');
};

export const properties = [
  property(
    'chunks: of a damaged chunk each row is sound, or the chunk is refused',
    'file',
    chunks.arbitrary,
    async (one) => {
      const store = await openStore(join(scratchFolder(), 'chunks'));
      await store.write(chunkName(0), await chunks.bytesOf(one));
      const read = await orRefused(() => readChunk(store, 0, new AbortController().signal), 'QUEUE_CHUNK_INVALID');
      if (read === null) return;
      strictEqual(read.rows.length, read.head.rows);
      for (const row of read.rows) expectSound(row);
    },
  ),
];
