/** Makes scoring options and the engine from the flags of `serve` and `score`. */
import { randomInt } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { existingForm } from '../../../io/files/unicode-form.js';
import { createRunner } from '../../../run/engine/create-runner.js';
import type { JobRunner } from '../../../run/engine/engine.js';
import { DRAWN_SEEDS } from '../../../run/manifest/rows/row-seed.js';
import { guardedRequest } from '../../server/access/guarded-request.js';
import type { RequestOptions } from '../../server/requests/read-request.js';
import type { ScoreOptions } from '../../server/score.js';
import type { Screening } from '../../../run/safety/screening.js';
import { rowOptions } from '../options/read-row-options.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import { demoNote, type DemoNote } from '../progress/demo-note.js';
import { packageVersion } from '../package-version.js';
import { engineSpeed, withSpeed } from '../options/speed.js';
import { parseLoras } from '../options/lora-options.js';
import { openNamedLoras } from '../options/named-loras.js';
import { readModelDefaults } from '../options/model-defaults.js';
import { resolveModel } from '../options/resolve-model.js';
import { parseBatchSize, parseDevices, parseVaeTiling, parseWhole } from '../options/run-options.js';
import type { ScoreFlags } from '../options/score-flags.js';
import { variable, type ProcessContext } from '../process-context.js';

/** Most bytes downloaded from the URLs of a request; the body limit covers pictures in the body. */
const MAX_FETCH_BYTES = 32 * 2 ** 20;

/** @throws USAGE_OPTION_INVALID */
export const scoreOptions = (
  flags: ScoreFlags,
  screening: Screening,
): { reading: Omit<RequestOptions, 'loraFolder'>; scoring: Omit<ScoreOptions, 'refiner' | 'read'> } => {
  const options = rowOptions(flags, 'batch');
  const limits = {
    maxRows: parseWhole('--max-rows', flags.maxRows, 1),
    maxPixels: parseWhole('--max-pixels', flags.maxPixels, 1),
  };
  /* Rows use only names and weights; the engine has the files. */
  const rows = { options, writeMetadata: flags['metadata'] !== false, loras: parseLoras(flags.lora, '.') };
  const scoring = {
    drawSeed: () => randomInt(DRAWN_SEEDS),
    limits,
    fetching: {
      request: guardedRequest(),
      maxBytes: MAX_FETCH_BYTES,
      timeoutMs: parseWhole('--fetch-timeout', flags.fetchTimeout, 1) * 1000,
    },
    screening,
    version: packageVersion(),
  };
  return { reading: { rows, limits }, scoring };
};

/** Options for reading requests, with the model's defaults. */
export const readingOf = (
  { rows, limits }: Omit<RequestOptions, 'loraFolder'>,
  { modelDefaults, loraFolder }: ScoreEngine['ofModel'],
): RequestOptions => ({
  rows: { ...rows, ...(modelDefaults === undefined ? {} : { modelDefaults }) },
  limits,
  loraFolder,
});

/** The engine, and its model's defaults and LoRAs for rows. It is already open if there is a folder of LoRAs. */
export interface ScoreEngine {
  engine: JobRunner;
  ofModel: Pick<RequestOptions['rows'], 'modelDefaults'> & Pick<RequestOptions, 'loraFolder'>;
  /** null: a model is given. */
  note: DemoNote | null;
}

/** @throws USAGE_OPTION_INVALID MODEL_DOWNLOAD_FAILED MODEL_CONFIG_INVALID, the signal's reason */
export const createEngine = async (
  flags: ScoreFlags,
  context: ProcessContext,
  signal: AbortSignal,
): Promise<ScoreEngine> => {
  const devices = await parseDevices(flags.device);
  const batchSize = parseBatchSize(flags.batchSize ?? '1');
  const { precision, memory } = engineSpeed(flags);
  const vaeTiling = parseVaeTiling(flags.vaeTiling);
  const named = flags.model ?? variable('AZUREML_MODEL_DIR', context);
  const model = await resolveModel(named ?? BUNDLED_MODEL, context, { signal, quiet: flags.quiet === true });
  const vae = flags.vae === undefined ? null : existingForm(resolve(context.cwd(), flags.vae));
  const loras = parseLoras(flags.lora, context.cwd());
  const folder = await openNamedLoras(flags.loraDir, loras, context, signal);
  /* Requests may name any LoRA. */
  folder?.findAll();
  const modelName = named ?? basename(BUNDLED_MODEL);
  const all = [...loras, ...(folder?.choose() ?? [])];
  const engine = createRunner({ model, modelName, vae, vaeTiling, memory, loras: all, devices, precision, batchSize });
  const modelDefaults = withSpeed(flags, 'refiner', await readModelDefaults(model));
  const note = await demoNote(named === undefined ? ['refiner'] : [], context.env);
  if (folder === null) return { engine, ofModel: { modelDefaults, loraFolder: null }, note };
  /* Requests must not name LoRAs that do not fit. Only the operator sees the reason, which contains paths. */
  const lorasLeftOut = Object.entries((await engine.open(signal)).lorasLeftOut ?? {});
  folder.leaveOut(Object.fromEntries(lorasLeftOut.map(([name]) => [name, 'it does not fit the model'])));
  if (flags.quiet !== true) {
    for (const [name, why] of lorasLeftOut) context.stderr.write(`Note: LoRA ${name} is ignored: ${why}.\n`);
  }
  return { engine, ofModel: { modelDefaults, loraFolder: folder.listed() }, note };
};
