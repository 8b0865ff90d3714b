/** Runs `enqueue`: plans the run, and feeds the queue. */
import { rm } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { RefineError } from '../../../errors.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { openStore } from '../../../io/store/open-store.js';
import { feed, findFed } from '../../../run/queue/feed.js';
import type { RunFile } from '../../../run/queue/run-file.js';
import type { MergedConfig } from '../config/config.js';
import { openQueue, storePlace } from '../options/open-queue.js';
import { parseWhole } from '../options/run-options.js';
import { packageVersion } from '../package-version.js';
import { printSettingsFiles } from '../progress/print-settings-files.js';
import { count } from '../progress/summary-text.js';
import type { ProcessContext } from '../process-context.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { extraKeysNote } from '../progress/extra-keys-note.js';
import { listenForStop } from '../stop-signal.js';
import type { EnqueueFlags } from '../options/queue-flags.js';
import { planQueuedRun } from './plan-queued-run.js';

/**
 * Rows are short-lived, and V8 lets garbage of tens of megabytes stand before it collects: 205 MB where 113 MB do (40 000 rows), at the
 * same speed. The flags apply from the next collection.
 */
const keepHeapSmall = (): void => {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
};

/** @returns the exit code @throws USAGE_* MANIFEST_* STORE_* QUEUE_*, and the signal's reason */
export const runEnqueue = async (
  inputs: readonly string[],
  { flags, file, userFile }: MergedConfig<EnqueueFlags>,
  context: ProcessContext,
  command: RowCommand = 'batch',
): Promise<number> => {
  keepHeapSmall();
  const { stderr } = context;
  printSettingsFiles(file, userFile, flags, context);
  const chunkRows = flags.chunkRows === undefined ? null : parseWhole('--chunk-rows', flags.chunkRows, 1);
  const window = parseWhole('--window', flags.window, 1);
  if (flags.store === undefined) {
    throw new RefineError(
      'USAGE_CONFLICT',
      'Expected --store, a folder or URI for chunks, pictures and results; it is not given.',
    );
  }
  const place = storePlace(flags.store, context);
  const store = await openStore(place);
  const stop = listenForStop(context, () => {
    stderr.write('Stopping; run the command again to go on.\n');
  });
  const scratch = await makeScratchFolder(context);
  try {
    /* Before the rows, whose check may take long. */
    const broker = await openQueue(flags);
    try {
      const signal = AbortSignal.any([stop.signal, broker.lost]);
      const { run, manifest, rows } = await planQueuedRun(inputs, flags, context, {
        command,
        store,
        place,
        scratch,
        signal,
      });
      const progress = createProgress(run, flags.quiet === true, context);
      const fed = { run, version: packageVersion(), store, rows };
      const earlier = await findFed(fed);
      const end =
        earlier ??
        (await feed({ ...fed, storePlace: place, broker, chunkRows, window, signal, report: progress.report }));
      progress.end();
      const extra = extraKeysNote(manifest.extraKeys);
      const invalid = manifest.rows - manifest.valid;
      const summary = { run: run.id, ...end, invalid, queue: broker.shown, store: store.shown };
      if (flags.json === true) context.stdout.write(`${JSON.stringify({ summary })}\n`);
      if (flags.quiet !== true) {
        const what = `${count(end.rows, 'row')} in ${count(end.chunks, 'chunk')}`;
        stderr.write(
          earlier === null
            ? `${what} are in the queue at ${broker.shown}\n`
            : `${what} were put into the queue at ${broker.shown} by an earlier enqueue; sdxl-refine queue status says how far they are\n`,
        );
        if (extra !== '') stderr.write(extra);
        if (invalid > 0) stderr.write(invalidText(invalid));
      }
      return 0;
    } finally {
      stderr.status(null);
      await broker.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
    stop.release();
  }
};

const invalidText = (rows: number): string =>
  rows === 1
    ? '1 of the rows is invalid; its result will say why\n'
    : `${rows} of the rows are invalid; their results will say why\n`;

const LINE_EVERY_MS = 60_000;

const createProgress = (
  run: RunFile,
  isQuiet: boolean,
  { stderr }: ProcessContext,
): { report: (state: { chunks: number; rows: number; waiting: number }) => void; end: () => void } => {
  let printedAt = performance.now();
  return {
    report: ({ chunks, rows, waiting }) => {
      if (isQuiet) return;
      const text = `${rows} of ${count(run.rows, 'row')} in ${count(chunks, 'chunk')}, ${waiting} waiting for workers`;
      stderr.status(text);
      if (stderr.isTTY || performance.now() - printedAt < LINE_EVERY_MS) return;
      printedAt = performance.now();
      stderr.write(`${text}\n`);
    },
    end: () => {
      stderr.status(null);
    },
  };
};
