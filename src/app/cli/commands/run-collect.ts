/** Runs `collect`. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isRefineError, RefineError, systemCodeOf } from '../../../errors.js';
import { makeFolder } from '../../../io/files/make-folder.js';
import { refuseExistingFile } from '../../../run/batch/check-outputs.js';
import { collectCounted } from '../../../run/queue/count-results.js';
import { expectRunFile } from '../../../run/queue/run-file.js';
import { outputUnwritable } from '../../../run/results/output-error.js';
import { writeAtomically, writeNew } from '../../../run/results/write-atomically.js';
import { expectOnThisMachine } from '../options/output-place.js';
import { openRunStore } from '../options/open-queue.js';
import { count } from '../progress/summary-text.js';
import { timeText } from '../progress/time-text.js';
import type { ProcessContext } from '../process-context.js';
import { listenForStop } from '../stop-signal.js';
import type { CollectFlags } from '../options/queue-flags.js';

/** @returns the exit code @throws QUEUE_INCOMPLETE QUEUE_* STORE_* OUTPUT_*, and the signal's reason */
export const runCollect = async (flags: CollectFlags, context: ProcessContext): Promise<number> => {
  const { output, follow = false, allowHoles = false } = flags;
  expectOnThisMachine('--output', output, 'Give -o <file>, or - for standard output.');
  const path = output === '-' ? null : resolve(context.cwd(), output);
  if (path !== null) await (flags.overwrite === true ? refuseSpecial(path) : refuseExistingFile(path));
  const store = await openRunStore(flags, context);
  const run = await expectRunFile(store);
  const stop = listenForStop(context, () => undefined);
  const onWait = (chunk: number, ms: number): void => {
    if (flags.quiet === true) return;
    context.stderr.write(
      `Waiting for chunk ${chunk}, for ${timeText(ms)} now; sdxl-refine queue status says whether it failed, queue retry adds it again\n`,
    );
  };
  try {
    const counted = collectCounted({
      store,
      run,
      follows: follow,
      allowsHoles: allowHoles,
      signal: stop.signal,
      onWait,
    });
    const { bytes } = counted;
    if (path === null) await pour(bytes, context.stdout, stop.signal);
    else await write(bytes, path, { replaces: flags.overwrite === true, follow, signal: stop.signal });
    const summary = counted.summary();
    if (flags.quiet !== true) {
      const missing = run.rows - summary.rows;
      const holes = missing === 0 ? '' : `, ${missing} without a result`;
      context.stderr.write(
        `${count(summary.rows, 'row')}: ${summary.ok} ok, ${summary.failed} failed, ${summary.blocked} blocked${holes}\n`,
      );
      context.stderr.write(`pictures: pictures/ in ${store.shown}\n`);
    }
    return summary.failed > 0 ? 1 : 0;
  } finally {
    stop.release();
  }
};

const pour = async (
  bytes: AsyncIterable<Uint8Array>,
  stream: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<void> => {
  for await (const chunk of bytes) {
    signal.throwIfAborted();
    if (stream.write(chunk)) continue;
    /* A reader that has gone never drains it. */
    await once(stream, 'drain', { signal }).catch((thrown: unknown) => {
      signal.throwIfAborted();
      throw thrown;
    });
  }
};

/** A new file in its place would end what others read there. @throws OUTPUT_UNWRITABLE */
const refuseSpecial = async (path: string): Promise<void> => {
  const stats = await lstat(path).catch(() => null);
  if (stats === null || stats.isFile() || stats.isSymbolicLink()) return;
  if (stats.isDirectory()) {
    throw new RefineError(
      'OUTPUT_UNWRITABLE',
      `Expected --output to be a file, found the folder ${path}. Name a file in it.`,
      {
        context: { path },
      },
    );
  }
  throw new RefineError(
    'OUTPUT_UNWRITABLE',
    `Expected --output to be a file, found a pipe or a device at ${path}, which is not replaced. Give -o - for standard output, or another name.`,
    { context: { path } },
  );
};

interface Writing {
  replaces: boolean;
  /** Readers of a run that goes on see each chunk at once; otherwise the file is whole from its first moment. */
  follow: boolean;
  signal: AbortSignal;
}

/** @throws OUTPUT_EXISTS if the file appeared meanwhile, OUTPUT_UNWRITABLE, the signal's reason */
const write = async (bytes: AsyncIterable<Uint8Array>, path: string, writing: Writing): Promise<void> => {
  try {
    if (writing.follow) await append(bytes, path, writing);
    else if (writing.replaces) await writeAtomically(path, bytes);
    else await writeNew(path, bytes);
  } catch (thrown) {
    const isTaken = isRefineError(thrown) && thrown.code === 'OUTPUT_TAKEN';
    if (isTaken || (!writing.replaces && systemCodeOf(thrown) === 'EEXIST')) await refuseExistingFile(path);
    throw isRefineError(thrown) ? thrown : outputUnwritable(path, thrown);
  }
};

const append = async (bytes: AsyncIterable<Uint8Array>, path: string, { replaces, signal }: Writing): Promise<void> => {
  await makeFolder(dirname(path));
  if (replaces) await rm(path, { force: true });
  await pipeline(bytes, createWriteStream(path, { flags: 'wx' }), { signal }).catch((thrown: unknown) => {
    signal.throwIfAborted();
    throw thrown;
  });
};
