/** Runs `enqueue`: checks the rows, describes the run in its store, and feeds the queue. */
import { createHash, randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { RefineError } from '../../../errors.js';
import { openStore } from '../../../io/store/open-store.js';
import type { Store } from '../../../io/store/store.js';
import { takeFirst } from '../../../run/batch/async-rows.js';
import { inputPlaces } from '../../../run/batch/earlier-inputs.js';
import { checkManifest, type ManifestCheck } from '../../../run/manifest/check-manifest.js';
import { skippedText } from '../../../run/manifest/inputs/skipped-files.js';
import { DRAWN_SEEDS } from '../../../run/manifest/rows/row-seed.js';
import { feed } from '../../../run/queue/feed.js';
import { newRunId, readEnd, readRunFile, writeRunFile, type RunFile } from '../../../run/queue/run-file.js';
import type { MergedConfig } from '../config/config.js';
import { openQueue, storePlace } from '../options/open-queue.js';
import { parseWhole } from '../options/run-options.js';
import { packageVersion } from '../package-version.js';
import { printSettingsFiles } from '../progress/print-settings-files.js';
import { count } from '../progress/summary-text.js';
import type { ProcessContext } from '../process-context.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { listenForStop } from '../stop-signal.js';
import { batchKind } from './batch-kind.js';
import { flagsOfWorkers, type EnqueueFlags } from '../options/queue-flags.js';
import { manifestOf } from './manifest-of.js';

/** Options that decide neither rows nor pictures: the same run may go on with others. */
const OF_THIS_CALL = ['queue', 'queueName', 'queueTimeout', 'store', 'window', 'chunkRows', 'quiet', 'json', 'config'];

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
      const { run, manifest, rows } = await planRun(inputs, flags, context, { store, place, scratch, signal });
      const progress = createProgress(run, flags.quiet === true, context);
      const end =
        (await readEnd(store)) ??
        (await feed({
          run,
          version: packageVersion(),
          store,
          storePlace: place,
          broker,
          rows,
          chunkRows,
          window,
          signal,
          report: progress.report,
        }));
      progress.end();
      const invalid = manifest.rows - manifest.valid;
      const summary = { run: run.id, ...end, invalid, queue: broker.shown, store: store.shown };
      if (flags.json === true) context.stdout.write(`${JSON.stringify({ summary })}\n`);
      if (flags.quiet !== true) {
        stderr.write(
          `${count(end.rows, 'row')} in ${count(end.chunks, 'chunk')} are in the queue at ${broker.shown}\n`,
        );
        if (invalid > 0) stderr.write(`${invalid} of the rows are invalid; their results will say why\n`);
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

interface PlannedRun {
  run: RunFile;
  manifest: ManifestCheck;
  rows: ReturnType<ManifestCheck['read']>;
}

interface Plan {
  store: Store;
  place: string;
  scratch: string;
  signal: AbortSignal;
}

/** Checks the rows, and writes the run's description unless it is there. @throws QUEUE_OTHER_RUN if it is another run's */
const planRun = async (
  inputs: readonly string[],
  flags: EnqueueFlags,
  context: ProcessContext,
  { store, place, scratch, signal }: Plan,
): Promise<PlannedRun> => {
  const places = await inputPlaces(inputs, context.cwd());
  const command = digestOf([
    places,
    context.cwd(),
    /* In whatever order they were given. */
    Object.entries(flags)
      .filter(([name]) => !OF_THIS_CALL.includes(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  const known = await readRunFile(store);
  if (known !== null && known.command !== command) throw otherRun(store, known);
  const kind = batchKind({ ...flags, vaeTiling: 'auto' }, context);
  const runSeed = known?.seed ?? randomInt(DRAWN_SEEDS);
  const source = { ...kind, scratch, runSeed, outputFolder: place, signal };
  const manifest = await checkManifest({
    ...(await manifestOf(inputs, flags, context, source)),
    ...(await kind.readDefaults()),
  });
  const limit = flags.limit === undefined ? Infinity : parseWhole('--limit', flags.limit, 1);
  const skipped = skippedText(manifest.skipped);
  if (skipped !== '' && flags.quiet !== true) context.stderr.write(`${skipped}\n`);
  const own: RunFile = {
    format: 1,
    id: newRunId(),
    version: packageVersion(),
    inputs: places,
    rows: Math.min(manifest.rows, limit),
    command,
    seed: runSeed,
    cwd: context.cwd(),
    flags: flagsOfWorkers({ ...flags }),
  };
  const run = known ?? (await writeRunFile(store, own));
  /* The same command began at the same moment elsewhere, and drew another seed. */
  if (run.command === command && run.seed !== runSeed) {
    return planRun(inputs, flags, context, { store, place, scratch, signal });
  }
  if (run.command !== command || run.rows !== own.rows) throw otherRun(store, run);
  return { run, manifest, rows: takeFirst(manifest.read(), limit) };
};

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

const otherRun = (store: Store, { id, inputs, rows }: RunFile): RefineError =>
  new RefineError(
    'QUEUE_OTHER_RUN',
    `Expected an empty --store or the one of this run, found the run ${id} of ${rows} rows from ${inputs.join(', ')} in ${store.shown}. ` +
      'To go on with that run, give its inputs and options, from its folder. For another run, choose another --store.',
    { context: { store: store.shown } },
  );

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
