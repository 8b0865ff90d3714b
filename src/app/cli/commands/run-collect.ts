/** Runs `collect`. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { refuseExistingFile } from '../../../run/batch/check-outputs.js';
import { collect } from '../../../run/queue/collect.js';
import { expectRunFile } from '../../../run/queue/run-file.js';
import { outputUnwritable } from '../../../run/results/output-error.js';
import { parseRecord } from '../../../run/results/parse-record.js';
import { addToSummary, emptySummary, type Summary } from '../../../run/results/summary.js';
import { writeAtomically } from '../../../run/results/write-atomically.js';
import { openRunStore } from '../options/open-queue.js';
import type { ProcessContext } from '../process-context.js';
import { listenForStop } from '../stop-signal.js';
import type { CollectFlags } from '../options/queue-flags.js';

/** @returns the exit code @throws QUEUE_INCOMPLETE QUEUE_* STORE_* OUTPUT_*, and the signal's reason */
export const runCollect = async (flags: CollectFlags, context: ProcessContext): Promise<number> => {
  const { output, follow = false, allowHoles = false } = flags;
  const path = output === '-' ? null : resolve(context.cwd(), output);
  if (path !== null && flags.overwrite !== true) await refuseExistingFile(path);
  const store = await openRunStore(flags, context);
  const run = await expectRunFile(store);
  const stop = listenForStop(context, () => undefined);
  try {
    const counted = countResults(
      collect({ store, run, follows: follow, allowsHoles: allowHoles, signal: stop.signal }),
    );
    if (path === null) await pour(counted.bytes, context.stdout);
    /* Readers of a run that goes on see each chunk at once; otherwise the file is whole from its first moment. */
    else if (follow) await append(counted.bytes, path);
    else await writeAtomically(path, counted.bytes);
    const summary = counted.summary();
    if (flags.quiet !== true) {
      const missing = run.rows - summary.rows;
      const holes = missing === 0 ? '' : `, ${missing} without a result`;
      context.stderr.write(
        `${summary.rows} rows: ${summary.ok} ok, ${summary.failed} failed, ${summary.blocked} blocked${holes}\n`,
      );
      context.stderr.write(`pictures: pictures/ in ${store.shown}\n`);
    }
    return summary.failed > 0 ? 1 : 0;
  } finally {
    stop.release();
  }
};

/** Passes bytes on, and counts the results in them. */
const countResults = (
  source: AsyncIterable<Uint8Array>,
): { bytes: AsyncGenerator<Uint8Array>; summary: () => Summary } => {
  let summary = emptySummary();
  const count = (line: Buffer): void => {
    const parsed = parseRecord(line);
    if ('record' in parsed) summary = addToSummary(summary, parsed.record);
  };
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let rest = Buffer.alloc(0);
    for await (const chunk of source) {
      yield chunk;
      let from = 0;
      const all = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
      for (let end = all.indexOf(10); end !== -1; end = all.indexOf(10, from)) {
        count(all.subarray(from, end));
        from = end + 1;
      }
      rest = Buffer.from(all.subarray(from));
    }
  }
  return { bytes: bytes(), summary: () => summary };
};

const pour = async (bytes: AsyncIterable<Uint8Array>, stream: NodeJS.WritableStream): Promise<void> => {
  for await (const chunk of bytes) {
    if (!stream.write(chunk)) await new Promise((resolve) => stream.once('drain', resolve));
  }
};

const append = async (bytes: AsyncIterable<Uint8Array>, path: string): Promise<void> => {
  await rm(path, { force: true });
  const stream = createWriteStream(path, { flags: 'wx' });
  const ended = finished(stream);
  ended.catch(() => undefined);
  try {
    await pour(bytes, stream);
    stream.end();
    await ended;
  } catch (thrown) {
    stream.destroy();
    throw stream.errored === null ? thrown : outputUnwritable(path, stream.errored);
  }
};
