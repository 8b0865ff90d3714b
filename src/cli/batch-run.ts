/** What a run of `batch` is made of, checked and ready: options parsed, manifest looked through, engine named. */
import { randomInt } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { parseShard, shardRows } from '../batch/shard.js';
import { take } from '../batch/take.js';
import { Engine } from '../engine/engine.js';
import { RefineError } from '../errors.js';
import { checkManifest } from '../manifest/check-manifest.js';
import { parseMetadataKeys } from '../manifest/own-values.js';
import { parseOption } from '../manifest/parse-value.js';
import type { PassedBy } from '../manifest/passed-by.js';
import { ROW_KEY_NAMES, type RowKeyName, type RowValues } from '../manifest/row-keys.js';
import { schedulerProblem } from '../manifest/resolve-settings.js';
import { spoolStdin } from '../manifest/spool-stdin.js';
import type { InvalidRow, Row } from '../records.js';
import { readRunSeed } from '../results/run-state.js';
import { schedulerNames } from '../schedulers/registry.js';
import { BUNDLED_MODEL } from './bundled-model.js';
import { readPictureFacts } from './picture-facts.js';
import type { ResultLine } from './print-results.js';
import type { Surroundings } from './surroundings.js';
import { parseDevice, parsePrecision, parseWhole } from './run-options.js';

/** Options as the command line gives them, camel-cased; row keys are among them. */
export interface BatchFlags extends Readonly<Record<string, string | boolean | undefined>> {
  model?: string;
  outputDir: string;
  overwrite?: boolean;
  resume?: boolean;
  retryFailed?: boolean;
  dryRun?: boolean;
  json?: boolean;
  quiet?: boolean;
  limit?: string;
  shard?: string;
  errorThreshold: string;
  predictionsCsv?: string;
  recursive?: boolean;
  fromMetadata?: string;
  /** False after `--no-metadata`. */
  metadata?: boolean;
  device: string;
  precision: string;
}

export interface BatchRun {
  /** Reads the rows from the beginning; the same rows at every reading. */
  rows: () => AsyncIterable<Row | InvalidRow>;
  total: number;
  /** What lies in the inputs and is no row. */
  passedBy: PassedBy;
  engine: Engine;
  outputFolder: string;
  /** '' for a whole run; else what the names of a part's own files end with: `-1-of-4`. */
  part: string;
  /** Of the rows that have none. */
  runSeed: number;
  /** Goes on where an earlier run in the output folder stopped. */
  resumes: boolean;
  retriesFailed: boolean;
  /** Every row of the inputs is in the run. */
  isWhole: boolean;
  /** Stop after more failed rows than this; -1: never. */
  errorThreshold: number;
  /** Absolute; null: none is asked for. */
  predictionsCsv: string | null;
  /** Takes every result and the summary, as they come. */
  print: (line: ResultLine) => void;
}

interface RunContext {
  /** Folder for what is kept only while the run lasts. */
  scratch: string;
  /** Stops the run. */
  signal: AbortSignal;
  print: BatchRun['print'];
}

/** A seed drawn for a run is easy to write down. */
const DRAWN_SEEDS = 2 ** 32;

/** @throws USAGE_* MANIFEST_* DEVICE_UNAVAILABLE, and the signal's reason */
export const planBatch = async (
  inputs: readonly string[],
  flags: BatchFlags,
  around: Surroundings,
  run: RunContext,
): Promise<BatchRun> => {
  const device = parseDevice(flags.device);
  parsePrecision(flags.precision);
  const limit = flags.limit === undefined ? Infinity : parseWhole('--limit', flags.limit, 1);
  const errorThreshold = parseWhole('--error-threshold', flags.errorThreshold, -1);
  const shard = flags.shard === undefined ? null : parseShard(flags.shard);
  const part = shard === null ? '' : `-${shard.index}-of-${shard.count}`;
  const options = rowOptions(flags);
  const wrongScheduler = options.scheduler === undefined ? null : schedulerProblem(options.scheduler, schedulerNames);
  if (wrongScheduler !== null) throw new RefineError('USAGE_OPTION_INVALID', wrongScheduler);
  const resumes = flags.resume === true || flags.retryFailed === true;
  if (resumes && flags.overwrite === true) {
    throw new RefineError(
      'USAGE_CONFLICT',
      '--resume keeps what is finished and --overwrite replaces it: give one of them.',
    );
  }
  const outputFolder = resolve(around.cwd(), flags.outputDir);
  const runSeed = (resumes ? await readRunSeed(outputFolder, part) : null) ?? randomInt(DRAWN_SEEDS);
  const manifest = await checkManifest({
    inputs,
    cwd: around.cwd(),
    ...(inputs.includes('-') ? { stdinPath: await keepStdin(around.stdin, run) } : {}),
    recursive: flags.recursive === true,
    outputFolder,
    options,
    ...(flags.fromMetadata === undefined ? {} : { fromMetadata: parseMetadataKeys(flags.fromMetadata) }),
    readFacts: readPictureFacts,
    writeMetadata: flags.metadata !== false,
    schedulerNames,
    runSeed,
    signal: run.signal,
  });
  const { predictionsCsv } = flags;
  const rows = (): AsyncIterable<Row | InvalidRow> =>
    take(shard === null ? manifest.read() : shardRows(manifest.read(), shard), limit);
  return {
    rows,
    total: shard === null ? Math.min(manifest.rows, limit) : await count(rows()),
    passedBy: manifest.passedBy,
    engine: new Engine({
      model: resolve(around.cwd(), flags.model ?? BUNDLED_MODEL),
      modelName: flags.model ?? basename(BUNDLED_MODEL),
      device,
    }),
    outputFolder,
    part,
    runSeed,
    resumes,
    retriesFailed: flags.retryFailed === true,
    isWhole: manifest.rows <= limit,
    errorThreshold,
    predictionsCsv: predictionsCsv === undefined ? null : resolve(around.cwd(), predictionsCsv),
    print: run.print,
  };
};

const count = async (items: AsyncIterable<unknown>): Promise<number> => {
  let counted = 0;
  for await (const _ of items) counted++;
  return counted;
};

/** A stop ends the wait for a standard input that nobody closes. */
const keepStdin = async (stdin: Readable, { scratch, signal }: RunContext): Promise<string> => {
  try {
    return await spoolStdin(addAbortSignal(signal, stdin), scratch);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
};

/** The options that are row keys, parsed as a manifest's cells are. */
const rowOptions = (flags: BatchFlags): RowValues => {
  const given = ROW_KEY_NAMES.flatMap((name) => {
    const text = flags[flagName(name)];
    return typeof text === 'string' ? [[name, parseOption(name, text)] as const] : [];
  });
  return Object.fromEntries(given);
};

/** `guidance_scale` → `guidanceScale`, as commander names what `--guidance-scale` gives. */
const flagName = (name: RowKeyName): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
