/** Plans a run: parses options, validates the manifest, creates the engine. */
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { basename, join, resolve } from 'node:path';
import { isStoreUri } from '../../../io/store/store-uri.js';
import { openRemoteOutput, type RemoteOutput } from '../../../run/results/remote/remote-output.js';
import { inputPlaces } from '../../../run/batch/earlier-inputs.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import { parseShard, shardRows } from '../../../run/batch/shard.js';
import { createRefineProcessor } from '../../../run/batch/refine-processor.js';
import { takeFirst } from '../../../run/batch/async-rows.js';
import type { RowProcessor } from '../../../run/batch/row-processor.js';
import { createRunner, type RunnerOptions } from '../../../run/engine/create-runner.js';
import { checkManifest, type ManifestCheck } from '../../../run/manifest/check-manifest.js';
import { parseBatchRow, type RowParser } from '../../../run/manifest/rows/parse-row.js';
import type { Manifest } from '../../../run/manifest/read-rows.js';
import type { SkippedFiles } from '../../../run/manifest/inputs/skipped-files.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { DRAWN_SEEDS } from '../../../run/manifest/rows/row-seed.js';
import type { RowContext } from '../../../run/manifest/rows/resolve-settings.js';
import type { InvalidRow, Row } from '../../../records/row.js';
import type { LoraChoice } from '../../../records/model-options.js';
import type { Screening } from '../../../run/safety/screening.js';
import { commonSeed } from '../../../run/results/common-seed.js';
import { resultsPathOf } from '../../../run/results/results-path.js';
import { readRunState, type RunState } from '../../../run/results/run-state.js';
import { manifestOf } from './manifest-of.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import type { BatchFlags } from '../options/batch-flags.js';
import type { DemoModel } from '../progress/demo-note.js';
import { printDemoNote } from '../progress/print-demo-note.js';
import type { ResultLine } from '../progress/print-results.js';
import { parseEarlierRun, type EarlierRun } from '../options/earlier-run.js';
import type { PlannedWork } from '../progress/time-estimate.js';
import { csvPlace } from '../options/csv-place.js';
import { parseEmbeddings } from '../options/embedding-options.js';
import { parseLoras } from '../options/lora-options.js';
import { findModelDefaults } from '../options/model-defaults.js';
import { leavingOut, measure, openNamedLoras } from '../options/named-loras.js';
import { resolveModel } from '../options/resolve-model.js';
import { planScreening } from '../options/safety-options.js';
import { printWarnings } from '../progress/print-warnings.js';
import type { ProcessContext } from '../process-context.js';
import { engineSpeed, parseSpeed, withSpeed, type Speed } from '../options/speed.js';
import { parseBatchSize, parseDevices, parseVaeTiling, parseWhole } from '../options/run-options.js';

/** In the run's temporary folder: the working folder of a run into object storage. */
export const REMOTE_WORK = 'output';

/** Past participle for finished rows. */
export type Verb = 'refined' | 'generated';

export const verbOf = ({ command }: RunKind): Verb => (command === 'batch' ? 'refined' : 'generated');

export interface BatchRun extends EarlierRun {
  /** Reads the rows from the beginning; the same rows each time. */
  rows: () => AsyncIterable<Row | InvalidRow>;
  /** Reads the rows of all inputs, including those outside the run's shard or limit. */
  allRows: () => AsyncIterable<Row | InvalidRow>;
  total: PlannedWork;
  /** `rows` as a preset of --speed completes them. */
  rowsAt: (speed: Speed) => Promise<AsyncIterable<Row | InvalidRow>>;
  /** Files in the inputs that are not rows. */
  skipped: SkippedFiles;
  work: RowProcessor;
  /** Files and folders that the run reads, besides those of its rows. */
  reads: readonly string[];
  screening: Screening;
  verb: Verb;
  outputFolder: string;
  /** If the outputs are in object storage; `outputFolder` is its working folder then. */
  remote: RemoteOutput | null;
  /** Suffix of a shard's file names, `-1-of-4`; '' without --shard. */
  part: string;
  /** Seed of rows without a seed. */
  runSeed: number;
  /** As returned by `inputPlaces`. */
  inputs: readonly string[];
  /** State of an earlier run in the output folder; null: no such run. */
  state: Partial<RunState> | null;
  /** Whether --limit leaves out no row. */
  isWhole: boolean;
  /** Stop after more failed rows than this; -1: never. */
  errorThreshold: number;
  /** Absolute, or a URI of object storage; null: no CSV. */
  predictionsCsv: string | null;
  /** Temporary folder of the run. */
  scratch: string;
  /** Called with every result, and then with the summary. */
  print: (line: ResultLine) => void;
}

/** Settings that all engines of a run share. */
export interface EngineSettings extends Pick<Required<RunnerOptions>, 'devices' | 'precision' | 'batchSize'> {
  outputFolder: string;
  part: string;
  resumes: boolean;
  /** LoRAs that rows name, besides those of `--lora`. */
  namedLoras: readonly LoraChoice[];
  signal: AbortSignal;
}

/** The differences between runs of `batch` and `generate`. */
export interface RunKind {
  command: RowCommand;
  parse: RowParser;
  /** LoRAs of all models. */
  loras: readonly LoraChoice[];
  createWork: (settings: EngineSettings) => Promise<RowProcessor>;
  /** Reads the defaults of those models that are on this machine, with the settings of a preset; default: of --speed. */
  readDefaults: (speed?: Speed) => Promise<ModelDefaults>;
  /** Bundled models that run by default. */
  demos: readonly DemoModel[];
}

export type ModelDefaults = Pick<RowContext, 'modelDefaults' | 'refinerDefaults'>;

/** Runs of `batch`. @param modelName the model in results, if not as `--model` names it */
export const batchKind = (
  flags: BatchFlags,
  context: ProcessContext,
  modelName = flags.model ?? basename(BUNDLED_MODEL),
): RunKind => {
  const vaeTiling = parseVaeTiling(flags.vaeTiling);
  const { memory } = engineSpeed(flags);
  const loras = parseLoras(flags.lora, context.cwd());
  const embeddings = parseEmbeddings(flags.embedding, context.cwd());
  return {
    command: 'batch',
    parse: parseBatchRow,
    loras,
    demos: flags.model === undefined ? ['refiner'] : [],
    readDefaults: async (speed = parseSpeed(flags)) => {
      const own = await findModelDefaults(flags.model ?? BUNDLED_MODEL, context);
      return { modelDefaults: withSpeed({ speed }, 'refiner', own) };
    },
    createWork: async ({ devices, precision, batchSize, namedLoras, signal }) => {
      const model = await resolveModel(flags.model ?? BUNDLED_MODEL, context, { signal, quiet: flags.quiet === true });
      const vae = flags.vae === undefined ? null : existingForm(resolve(context.cwd(), flags.vae));
      const all = [...loras, ...namedLoras];
      return createRefineProcessor(
        createRunner({
          model,
          modelName,
          vae,
          vaeTiling,
          memory,
          loras: all,
          embeddings,
          devices,
          precision,
          batchSize,
        }),
      );
    },
  };
};

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
  const { precision } = engineSpeed(flags);
  const limit = flags.limit === undefined ? Infinity : parseWhole('--limit', flags.limit, 1);
  const errorThreshold = parseWhole('--error-threshold', flags.errorThreshold, -1);
  const shard = flags.shard === undefined ? null : parseShard(flags.shard, context.env);
  if (shard?.source !== undefined && flags.quiet !== true)
    context.stderr.write(`Shard ${shard.index} of ${shard.count} (${shard.source})\n`);
  const part = shard === null ? '' : `-${shard.index}-of-${shard.count}`;
  const earlier = parseEarlierRun(flags);
  const usesEarlierResults = earlier.resumes || earlier.appends;
  const remote = isStoreUri(flags.outputDir)
    ? await openRemoteOutput(flags.outputDir, join(run.scratch, REMOTE_WORK), part)
    : null;
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
    const rows = (): AsyncIterable<Row | InvalidRow> =>
      takeFirst(shard === null ? manifest.read() : shardRows(manifest.read(), shard), limit);
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
  let work = await planned.createWork();
  /* `createWork` may have downloaded a model with defaults: plan the rows again. */
  const newDefaults = await kind.readDefaults();
  if (!isDeepStrictEqual(newDefaults, defaults)) {
    planned = await planRows(newDefaults);
    work = await planned.createWork();
  }
  if (flags.quiet !== true) await printDemoNote(inputs, context, kind.demos, run.row);
  const { manifest, rows, total } = planned;
  const safetyModel = flags.safetyModel === undefined ? [] : [resolve(context.cwd(), flags.safetyModel)];
  return {
    rows,
    total,
    rowsAt: async (speed) =>
      speed === parseSpeed(flags) ? rows() : (await planRows(await kind.readDefaults(speed))).rows(),
    allRows: () => manifest.read(),
    skipped: manifest.skipped,
    verb: verbOf(kind),
    work: flags.quiet === true ? work : printWarnings(work, context.stderr),
    reads: [...manifest.files, ...run.settingsFiles, ...(work.reads ?? []), ...safetyModel],
    screening,
    outputFolder,
    remote,
    part,
    runSeed,
    inputs: await inputPlaces(inputs, context.cwd()),
    ...earlier,
    state,
    isWhole: manifest.rows <= limit,
    errorThreshold,
    predictionsCsv: csvPlace(predictionsCsv, context.cwd()),
    scratch: run.scratch,
    print: run.print,
  };
};

/** The rows of a run, after one reading, and the work that their LoRAs need. */
interface PlannedRows extends Pick<BatchRun, 'rows' | 'total'> {
  manifest: ManifestCheck;
  createWork: () => Promise<RowProcessor>;
}
