/** What a run of `batch` is made of, checked and ready: options parsed, manifest looked through, engine named. */
import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { take } from '../batch/take.js';
import { Engine } from '../engine/engine.js';
import { checkManifest } from '../manifest/check-manifest.js';
import { parseOption } from '../manifest/parse-value.js';
import { ROW_KEY_NAMES, type RowKeyName, type RowValues } from '../manifest/row-keys.js';
import { spoolStdin } from '../manifest/spool-stdin.js';
import type { InvalidRow, Row } from '../records.js';
import { schedulerNames } from '../schedulers/registry.js';
import { BUNDLED_MODEL } from './bundled-model.js';
import type { Surroundings } from './surroundings.js';
import { parseDevice, parsePrecision, parseWhole } from './run-options.js';

/** Options as the command line gives them, camel-cased; row keys are among them. */
export interface BatchFlags extends Readonly<Record<string, string | boolean | undefined>> {
  model?: string;
  outputDir: string;
  overwrite?: boolean;
  dryRun?: boolean;
  json?: boolean;
  quiet?: boolean;
  limit?: string;
  errorThreshold: string;
  predictionsCsv?: string;
  device: string;
  precision: string;
}

export interface BatchRun {
  /** Reads the rows from the beginning; the same rows at every reading. */
  rows: () => AsyncIterable<Row | InvalidRow>;
  total: number;
  engine: Engine;
  outputFolder: string;
  /** Stop after more failed rows than this; -1: never. */
  errorThreshold: number;
  /** Absolute; null: none is asked for. */
  predictionsCsv: string | null;
}

/** A seed drawn for a run is easy to write down. */
const DRAWN_SEEDS = 2 ** 32;

/**
 * @param scratch folder for what is kept only while the run lasts
 * @throws USAGE_* MANIFEST_* DEVICE_UNAVAILABLE
 */
export const planBatch = async (
  inputs: readonly string[],
  flags: BatchFlags,
  around: Surroundings,
  scratch: string,
): Promise<BatchRun> => {
  const device = parseDevice(flags.device);
  parsePrecision(flags.precision);
  const limit = flags.limit === undefined ? Infinity : parseWhole('--limit', flags.limit, 1);
  const errorThreshold = parseWhole('--error-threshold', flags.errorThreshold, -1);
  const options = rowOptions(flags);
  const manifest = await checkManifest({
    inputs,
    cwd: around.cwd(),
    ...(inputs.includes('-') ? { stdinPath: await spoolStdin(around.stdin, scratch) } : {}),
    options,
    schedulerNames,
    runSeed: randomInt(DRAWN_SEEDS),
  });
  const { predictionsCsv } = flags;
  return {
    rows: () => take(manifest.read(), limit),
    total: Math.min(manifest.rows, limit),
    engine: new Engine({ model: resolve(around.cwd(), flags.model ?? BUNDLED_MODEL), device }),
    outputFolder: resolve(around.cwd(), flags.outputDir),
    errorThreshold,
    predictionsCsv: predictionsCsv === undefined ? null : resolve(around.cwd(), predictionsCsv),
  };
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
