/** `sdxl-refine models`: lists, downloads, shows and verifies models. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { RefineError } from '../../../errors.js';
import { DEFAULT_VARIANT, PLAIN } from '../../../models/hub/choose-files.js';
import { readHubSettings } from '../../../models/hub/hub-settings.js';
import { listCached, type CachedModel } from '../../../models/hub/list-cached.js';
import { parseModelId } from '../../../models/hub/model-id.js';
import { pullModel } from '../../../models/hub/pull-model.js';
import { verifyFiles } from '../../../models/hub/verify-files.js';
import { describeModel } from '../../../models/weights/discovery/describe-model.js';
import { bytesText } from '../../doctor/bytes-text.js';
import { BUNDLED_MODELS } from '../options/bundled-model.js';
import { downloadProgress } from '../progress/download-progress.js';
import { count } from '../progress/summary-text.js';
import { isAlive } from '../is-process-alive.js';
import { findModelFolder } from '../options/resolve-model.js';
import { listenForStop } from '../stop-signal.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: ['sdxl-refine models pull stabilityai/stable-diffusion-xl-refiner-1.0', 'sdxl-refine models list'],
  usual: [],
  notes:
    'Models are in the Hugging Face cache, shared with Python. HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE apply.',
};

export const modelsCommand = (context: ProcessContext, setExitCode: (code: number) => void): Command => {
  const json = ['--json', 'print one JSON object per line'] as const;
  const models = setHelpTexts(
    new Command('models').description('Lists, downloads and verifies models.').helpCommand(false),
    HELP,
  );
  models
    .command('list')
    .description('Lists bundled and cached models.')
    .option(...json)
    .action((flags: { json?: boolean }) => list(context, flags.json === true));
  models
    .command('pull')
    .description('Downloads a model from the Hugging Face hub; continues an interrupted download.')
    .argument('<id>', 'organisation/name, with @revision for another than main')
    .option('--variant <name>', `copy of the weights: fp16, or ${PLAIN} for the one without a variant`, DEFAULT_VARIANT)
    .option('-q, --quiet', 'no progress')
    .action((id: string, flags: { variant: string; quiet?: boolean }) => pull(context, id, flags));
  models
    .command('show')
    .description('Shows the parts of a model, their sizes and precisions, and its scheduler.')
    .argument('<model>', 'a folder, a file, a bundled model, or the id of a cached one')
    .option(...json)
    .action((model: string, flags: { json?: boolean }) => show(context, model, flags.json === true));
  models
    .command('verify')
    .description('Compares every file of a model with the hub’s digests or with its SHA256SUMS.')
    .argument('<model>', 'id of a cached model, a bundled model, or a folder')
    .option(...json)
    .action(async (model: string, flags: { json?: boolean }) => {
      setExitCode(await verify(context, model, flags.json === true));
    });
  return models;
};

const list = async (context: ProcessContext, asJson: boolean): Promise<void> => {
  const show = (model: Pick<CachedModel, 'id' | 'folder' | 'problem'> & { bundled: boolean }, state: string): void => {
    context.stdout.write(asJson ? `${JSON.stringify(model)}\n` : `${model.id}  (${state})\n  ${model.folder}\n`);
  };
  /* Bundled models first: finding the cache may fail. */
  for (const { name: id, folder } of BUNDLED_MODELS) show({ id, folder, bundled: true, problem: null }, 'bundled');
  for (const model of (await listCached(context.env)).models) {
    show({ ...model, bundled: false }, `${model.problem ?? 'complete'}, ${bytesText(model.bytes)}`);
  }
};

const pull = async (
  context: ProcessContext,
  text: string,
  { variant, quiet }: { variant: string; quiet?: boolean },
): Promise<void> => {
  const model = parseModelId(text);
  if (model === null) {
    throw new RefineError('USAGE_OPTION_INVALID', `Expected an id like organisation/name, got "${text}".`);
  }
  const stop = listenForStop(context, () => undefined);
  const progress = downloadProgress(context.stderr, text, quiet === true);
  try {
    const folder = await pullModel(await readHubSettings(context.env), model, {
      variant,
      signal: stop.signal,
      isAlive: (pid) => isAlive(context, pid),
      report: progress.report,
    });
    progress.end();
    context.stdout.write(`${folder}\n`);
  } finally {
    progress.end();
    stop.release();
  }
};

const show = async (context: ProcessContext, text: string, asJson: boolean): Promise<void> => {
  const path = (await findModelFolder(text, context)) ?? resolve(context.cwd(), text);
  const model = await describeModel(path);
  const parts = model.parts.map(({ name, parameters, dtypes, bytes }) =>
    parameters === null
      ? `  ${name}: exported to ONNX`
      : `  ${name}: ${parameters.toLocaleString('en-US')} parameters, ${dtypes.join(' and ')}, ${bytesText(bytes ?? 0)}`,
  );
  const lines = [
    `${text}: ${model.kind} (${model.pipeline}), ${model.scheduler}`,
    ...parts,
    `  fingerprint ${model.fingerprint}`,
    `  ${model.path}`,
  ];
  context.stdout.write(asJson ? `${JSON.stringify(model)}\n` : `${lines.join('\n')}\n`);
};

/** @returns the exit code: 4 if a file is damaged or missing */
const verify = async (context: ProcessContext, text: string, asJson: boolean): Promise<number> => {
  const folder = (await findModelFolder(text, context)) ?? resolve(context.cwd(), text);
  const stop = listenForStop(context, () => undefined);
  const counts = { whole: 0, damaged: 0, unknown: 0 };
  try {
    for await (const file of verifyFiles(folder, stop.signal)) {
      const state = file.isWhole === null ? 'no digest' : (file.problem ?? 'ok');
      context.stdout.write(
        asJson ? `${JSON.stringify(file)}\n` : `${state}  ${file.path} (${bytesText(file.bytes)})\n`,
      );
      counts[file.isWhole === null ? 'unknown' : file.isWhole ? 'whole' : 'damaged']++;
    }
  } finally {
    stop.release();
  }
  context.stderr.write(
    verdict(
      counts,
      BUNDLED_MODELS.some((bundled) => bundled.folder === folder),
    ),
  );
  return counts.damaged === 0 ? 0 : 4;
};

const verdict = (
  { whole, damaged, unknown }: Record<'whole' | 'damaged' | 'unknown', number>,
  isBundled: boolean,
): string => {
  if (damaged > 0) {
    const mend = isBundled
      ? 'install sdxl-refine again'
      : 'delete the files named above, then run "sdxl-refine models pull"';
    return `${damaged} damaged: ${mend}.\n`;
  }
  if (whole > 0)
    return `${count(whole, 'file')} verified${unknown > 0 ? `, ${unknown} without a digest to compare with` : ''}.\n`;
  return `Nothing was compared: the folder is not in the hub's cache, and has no SHA256SUMS.\n`;
};
