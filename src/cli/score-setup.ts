/** What `serve` and `score` share: options, settings of the environment, and what scoring is made of. */
import { randomInt } from 'node:crypto';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { existingForm } from '../manifest/existing-form.js';
import { Engine } from '../engine/engine.js';
import { RefineError } from '../errors.js';
import { DRAWN_SEEDS } from '../manifest/row-seed.js';
import type { RowValues } from '../manifest/row-keys.js';
import { schedulerProblem } from '../manifest/scheduler-name.js';
import { guardedRequest } from '../server/guarded-request.js';
import type { ScoreOptions } from '../server/score.js';
import type { Screening } from '../safety/screening.js';
import { rowOptions } from './batch-run.js';
import { BUNDLED_MODEL } from './bundled-model.js';
import { mergeConfig } from './config.js';
import { packageVersion } from './package-version.js';
import { collect, parseLoras } from './lora-options.js';
import { readModelDefaults } from './model-defaults.js';
import { resolveModel } from './resolve-model.js';
import { parseDevice, parseMemory, parsePrecision, parseVaeTiling, parseWhole } from './run-options.js';
import { addSafetyOptions, type SafetyFlags } from './safety-options.js';
import { variable, type Surroundings } from './surroundings.js';

export interface ScoreFlags
  extends SafetyFlags, Readonly<Record<string, string | boolean | readonly string[] | undefined>> {
  model?: string;
  vae?: string;
  lora?: string | readonly string[];
  vaeTiling: string;
  memory: string;
  device: string;
  precision: string;
  maxRows: string;
  maxPixels: string;
  fetchTimeout: string;
  quiet?: boolean;
}

/** Bytes that the URLs of a request send; pictures in its body are under the body's own limit. */
const MAX_FETCH_BYTES = 32 * 2 ** 20;

export const addScoreOptions = (command: Command): Command => {
  command
    .option(
      '-m, --model <folder|file|id>',
      'SDXL refiner (default: the folder AZUREML_MODEL_DIR names, else the bundled one)',
    )
    .option('--vae <folder|file>', 'VAE to use instead of the model’s own')
    .option('-l, --lora <file[:weight]>', 'a LoRA, LoCon or DoRA for the model; may be given several times', collect)
    .option(
      '--vae-tiling <name>',
      'VAE over bands of rows, for large pictures: auto (as memory asks for), on or off',
      'auto',
    )
    .option('-d, --device <name>', 'auto, cpu, cuda, cuda:<number>, webgpu, dml or coreml', 'auto')
    .option('--precision <name>', 'auto, fp32, fp16 or (on the CPU) int8', 'auto')
    .option(
      '--memory <name>',
      'lean, or fast: on the CPU, from a file made once of four times the convolutions’ weights',
      'lean',
    )
    .option('--max-rows <n>', 'pictures of one request', '16')
    .option('--max-pixels <n>', 'width × height of a picture', String(2048 * 2048))
    .option('--fetch-timeout <n>', 'seconds that fetching a picture’s URL may take', '30')
    .option('--no-metadata', 'keep nothing that the source said of itself (EXIF, DPI), and write nothing about the run')
    .option('-q, --quiet', 'errors only');
  return addSafetyOptions(command);
};

/** Options over `SDXL_REFINE_*`. The configuration file is batch's: it lies beside the inputs, and there are none. */
export const readFlags = async <Flags extends object>(command: Command, around: Surroundings): Promise<Flags> => {
  command.setOptionValue('config', false);
  return (await mergeConfig<Flags>(command, [], around)).flags;
};

/** @throws USAGE_OPTION_INVALID */
export const scoreOptions = (flags: ScoreFlags, screening: Screening): Omit<ScoreOptions, 'refiner'> => {
  const options = rowOptions(flags, 'batch');
  const wrongScheduler = options.scheduler === undefined ? null : schedulerProblem(options.scheduler);
  if (wrongScheduler !== null) throw new RefineError('USAGE_OPTION_INVALID', wrongScheduler);
  return {
    /* Names and weights alone: the engine has the files. */
    rows: { options, writeMetadata: flags['metadata'] !== false, loras: parseLoras(flags.lora, '.') },
    drawSeed: () => randomInt(DRAWN_SEEDS),
    limits: {
      maxRows: parseWhole('--max-rows', flags.maxRows, 1),
      maxPixels: parseWhole('--max-pixels', flags.maxPixels, 1),
    },
    fetching: {
      request: guardedRequest(),
      maxBytes: MAX_FETCH_BYTES,
      timeoutMs: parseWhole('--fetch-timeout', flags.fetchTimeout, 1) * 1000,
    },
    screening,
    version: packageVersion(),
  };
};

/** The engine, not open yet, and what its model brings. */
export interface ScoreEngine {
  engine: Engine;
  modelDefaults: RowValues;
}

/** @throws USAGE_OPTION_INVALID MODEL_DOWNLOAD_FAILED MODEL_CONFIG_INVALID, the signal's reason */
export const createEngine = async (
  flags: ScoreFlags,
  around: Surroundings,
  signal: AbortSignal,
): Promise<ScoreEngine> => {
  const device = parseDevice(flags.device);
  const precision = parsePrecision(flags.precision);
  const vaeTiling = parseVaeTiling(flags.vaeTiling);
  const memory = parseMemory(flags.memory);
  const named = flags.model ?? variable('AZUREML_MODEL_DIR', around);
  const model = await resolveModel(named ?? BUNDLED_MODEL, around, { signal, quiet: flags.quiet === true });
  const vae = flags.vae === undefined ? null : existingForm(resolve(around.cwd(), flags.vae));
  const loras = parseLoras(flags.lora, around.cwd());
  const modelName = named ?? basename(BUNDLED_MODEL);
  const engine = new Engine({ model, modelName, vae, vaeTiling, memory, loras, device, precision });
  return { engine, modelDefaults: await readModelDefaults(model) };
};
