/** Plans a run: parses options, validates the manifest, creates the engine. */
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { join, resolve } from 'node:path';
import { isStorePlace } from '../../../io/store/store-uri.js';
import { openRemoteOutput } from '../../../run/results/remote/remote-output.js';
import { inputPlaces } from '../../../run/batch/earlier-inputs.js';
import { parseShard, shardRows } from '../../../run/batch/shard.js';
import { canAnyRun, unopenedWork } from '../../../run/batch/unopened-work.js';
import { takeFirst } from '../../../run/batch/async-rows.js';
import type { RowProcessor } from '../../../run/batch/row-processor.js';
import { checkManifest, type ManifestCheck } from '../../../run/manifest/check-manifest.js';
import type { Manifest } from '../../../run/manifest/read-rows.js';
import { DRAWN_SEEDS } from '../../../run/manifest/rows/row-seed.js';
import type { InvalidRow, Row } from '../../../records/row.js';
import { commonSeed } from '../../../run/results/common-seed.js';
import { partOf, resultsPathOf } from '../../../run/results/results-path.js';
import { readRunState } from '../../../run/results/run-state.js';
import { manifestOf } from './manifest-of.js';
import { verbOf, type BatchRun, type ModelDefaults, type RunKind } from './run-kind.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { printDemoNote } from '../progress/print-demo-note.js';
import { parseEarlierRun } from '../options/earlier-run.js';
import { expectFolderName, outputPlace } from '../options/output-place.js';
import { leavingOut, measure, openNamedLoras } from '../options/named-loras.js';
import { planScreening } from '../options/safety-options.js';
import { rememberTimes } from '../known-times.js';
import { printWarnings } from '../progress/print-warnings.js';
import type { ProcessContext } from '../process-context.js';
import { engineSpeed } from '../options/speed.js';
import { parseBatchSize, parseDevices, parseWhole } from '../options/run-options.js';

/** In the run's temporary folder: the working folder of a run into object storage. */
export const REMOTE_WORK = 'output';

interface RunContext {
  kind: RunKind;
  /** Temporary folder of the run. */
  scratch: string;
  /** Stops the run. */
  signal: AbortSignal;
  print: BatchRun['print'];
  /** Configuration files. */
  settingsFiles: readonly string[];
  /** Keys and values of the only row of a run without inputs. */
  row?: Manifest['row'];
}

/** The rows of a run, after one reading, and the work that their LoRAs need. */
interface PlannedRows extends Pick<BatchRun, 'total'> {
  manifest: ManifestCheck;
  /** @param others defaults that rows are completed with too */
  rows: (others?: readonly ModelDefaults[]) => AsyncIterable<Row | InvalidRow>;
  createWork: () => Promise<RowProcessor>;
}

/** Calls `note` when the work is open, once. */
const afterOpening = (work: RowProcessor, note: () => Promise<void>): RowProcessor => {
  let isNoted = false;
  return {
    ...work,
    async open(signal) {
      const info = await work.open(signal);
      if (!isNoted) await note();
      isNoted = true;
      return info;
    },
  };
};

/** @param rows of this part of the run */
const printFutile = (rows: number, { stderr }: ProcessContext): Promise<void> => {
  stderr.write(rows === 0 ? 'This shard has no rows.\n' : 'Note: no row can run, so no model is opened.\n');
  return Promise.resolve();
};

/** @throws USAGE_* MANIFEST_* DEVICE_UNAVAILABLE, and the signal's reason */
export const planBatch = async (
  inputs: readonly string[],
  flags: BatchFlags,
  context: ProcessContext,
  run: RunContext,
): Promise<BatchRun> => {
  const { kind } = run;
  const devices = await parseDevices(flags.device);
  const batchSize = parseBatchSize(flags.batchSize ?? '1');
  const { precision, memory } = engineSpeed(flags);
  const limit = flags.limit === undefined ? Infinity : parseWhole('--limit', flags.limit, 1);
  const errorThreshold = parseWhole('--error-threshold', flags.errorThreshold, -1);
  const shard = flags.shard === undefined ? null : parseShard(flags.shard, context.env);
  if (shard?.source !== undefined && flags.quiet !== true)
    context.stderr.write(`Shard ${shard.index} of ${shard.count} (${shard.source})\n`);
  const part = partOf(shard);
  const earlier = parseEarlierRun(flags);
  const usesEarlierResults = earlier.resumes || earlier.appends;
  const remote = isStorePlace(flags.outputDir)
    ? await openRemoteOutput(flags.outputDir, join(run.scratch, REMOTE_WORK), part, run.signal)
    : null;
  if (remote === null) await expectFolderName(flags.outputDir, context.cwd());
  const outputFolder = remote?.folder ?? resolve(context.cwd(), flags.outputDir);
  const state = await readRunState(outputFolder, part, (fault) => {
    if (flags.quiet !== true) context.stderr.write(`Note: ${fault}; skipped\n`);
  });
  /* Finished rows are recognized by their seeds, so the run keeps the earlier run's seed. */
  const earlierSeed = usesEarlierResults
    ? (state?.seed ?? (await commonSeed(resultsPathOf({ outputFolder, part }))))
    : undefined;
  const runSeed = earlierSeed ?? randomInt(DRAWN_SEEDS);
  const source = { ...kind, ...run, outputFolder: remote?.uri ?? outputFolder, runSeed };
  const rowsOf = await manifestOf(inputs, flags, context, source);
  const planRows = async (defaults: ModelDefaults): Promise<PlannedRows> => {
    const loraFolder = await openNamedLoras(flags.loraDir, kind.loras, context, run.signal);
    const findLora = loraFolder === null ? {} : { findLora: loraFolder.find };
    const manifest = await checkManifest({ ...rowsOf, ...defaults, ...findLora });
    const rows = (others?: readonly ModelDefaults[]): AsyncIterable<Row | InvalidRow> =>
      takeFirst(shard === null ? manifest.read(others) : shardRows(manifest.read(others), shard), limit);
    const isPart = shard !== null || manifest.rows > limit;
    const loraNames = new Set<string>();
    const total = isPart ? await measure(rows(), loraNames) : manifest;
    const namedLoras = loraFolder?.choose(isPart ? loraNames : undefined) ?? [];
    const settings = {
      devices,
      precision,
      batchSize,
      outputFolder,
      part,
      resumes: usesEarlierResults,
      namedLoras,
      signal: run.signal,
    };
    return { manifest, rows, total, createWork: async () => leavingOut(await kind.createWork(settings), loraFolder) };
  };
  const defaults = await kind.readDefaults();
  let planned = await planRows(defaults);
  const { predictionsCsv } = flags;
  const screening = await planScreening(flags, context);
  /* Before a model is resolved, which may download gigabytes. */
  const isFutile = !(await canAnyRun(planned.rows(), run.signal));
  const unopened = { ...kind.names, device: flags.device, precision: flags.precision };
  let work = isFutile ? unopenedWork(unopened) : await planned.createWork();
  /* `createWork` may have downloaded a model with defaults: plan the rows again. */
  const newDefaults = isFutile ? defaults : await kind.readDefaults();
  if (!isDeepStrictEqual(newDefaults, defaults)) {
    planned = await planRows(newDefaults);
    work = await planned.createWork();
  }
  const noteOpening = (): Promise<void> =>
    isFutile ? printFutile(planned.total.rows, context) : printDemoNote(inputs, context, kind.demos, run.row);
  const { manifest, rows, total } = planned;
  const safetyModel = flags.safetyModel === undefined ? [] : [resolve(context.cwd(), flags.safetyModel)];
  return {
    rows: () => rows(),
    total,
    rowsAt: async (speeds) => rows(await Promise.all(speeds.map((speed) => kind.readDefaults(speed)))),
    allRows: () => manifest.read(),
    skipped: manifest.skipped,
    extraKeys: manifest.extraKeys,
    verb: verbOf(kind),
    work: rememberTimes(flags.quiet === true ? work : printWarnings(afterOpening(work, noteOpening), context.stderr), {
      memory,
      env: context.env,
    }),
    reads: [...manifest.files, ...run.settingsFiles, ...(work.reads ?? []), ...safetyModel],
    screening,
    outputFolder,
    remote,
    part,
    shard,
    runSeed,
    inputs: await inputPlaces(inputs, context.cwd()),
    ...earlier,
    state,
    isWhole: manifest.rows <= limit,
    errorThreshold,
    predictionsCsv: outputPlace(predictionsCsv, context.cwd()),
    scratch: run.scratch,
    print: run.print,
  };
};
