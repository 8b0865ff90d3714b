/** `sdxl-refine cache`: lists and removes files made from weights. */
import { Command } from 'commander';
import { bytesText } from '../../doctor/bytes-text.js';
import { messageOf, RefineError } from '../../../errors.js';
import { hubCacheFolder, preparedFolder } from '../../../io/files/cache-folders.js';
import type { PreparedEntry } from '../../../models/weights/cache/list-prepared.js';
import { ask, canAsk } from '../progress/ask.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import { listenForStop } from '../stop-signal.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: ['sdxl-refine cache list', 'sdxl-refine cache clear --older-than 30d'],
  usual: [],
  notes:
    "--precision int8 and --cache-weights write files made from a model's weights to SDXL_REFINE_CACHE or the user's cache folder.  " +
    'A later run makes removed files again. Downloaded models are in the Hugging Face cache, which other programs share ' +
    '("sdxl-refine models list" shows them, "hf cache" of huggingface_hub removes them).',
};

const DAY_MS = 24 * 60 * 60_000;
const UNITS: Readonly<Record<string, number>> = { h: DAY_MS / 24, d: DAY_MS, w: 7 * DAY_MS };

export const cacheCommand = (context: ProcessContext, setExitCode: (code: number) => void): Command => {
  const cache = setHelpTexts(
    new Command('cache').description('Lists and removes cached files made from model weights.').helpCommand(false),
    HELP,
  );
  cache
    .command('list')
    .description('Lists cached files with size and last use.')
    .option('--json', 'print one JSON object per line')
    .action((flags: { json?: boolean }) => list(context, flags.json === true));
  cache
    .command('clear')
    .description('Removes cached files; a later run makes them again.')
    .option('--older-than <age>', 'only files not used for this long: 12h, 30d, 8w')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object per line')
    .action(async (flags: ClearFlags) => {
      setExitCode(await clear(context, flags));
    });
  return cache;
};

interface ClearFlags {
  olderThan?: string;
  yes?: boolean;
  json?: boolean;
}

const lineOf = ({ file, kind, bytes, lastUsed }: PreparedEntry): string =>
  `${kind.padEnd(10)}  ${bytesText(bytes).padStart(10)}  used ${new Date(lastUsed).toISOString().slice(0, 10)}  ${file}\n`;

const objectOf = ({ file, kind, bytes, lastUsed }: PreparedEntry): object => ({
  file,
  kind,
  bytes,
  last_used: new Date(lastUsed).toISOString(),
});

const countText = (entries: readonly PreparedEntry[]): string =>
  `${entries.length} ${entries.length === 1 ? 'file' : 'files'}, ${bytesText(entries.reduce((sum, { bytes }) => sum + bytes, 0))}`;

/** Imported on demand, so that help and completion stay fast. */
const loadPrepared = () => import('../../../models/weights/cache/list-prepared.js');

const list = async (context: ProcessContext, asJson: boolean): Promise<void> => {
  const { listPrepared } = await loadPrepared();
  const folder = preparedFolder(context.env);
  const entries = await listPrepared(folder);
  for (const entry of entries) {
    context.stdout.write(asJson ? `${JSON.stringify(objectOf(entry))}\n` : lineOf(entry));
  }
  if (asJson) return;
  context.stderr.write(
    `${countText(entries)} in ${folder}. Downloaded models: ${hubCacheFolder(context.env)} (sdxl-refine models list)\n`,
  );
};

/** @returns the exit code: 6 if a file could not be removed */
const clear = async (context: ProcessContext, { olderThan, yes, json }: ClearFlags): Promise<number> => {
  const minAge = olderThan === undefined ? 0 : parseAge(olderThan);
  const { listPrepared, removePrepared } = await loadPrepared();
  const folder = preparedFolder(context.env);
  const now = Date.now();
  const entries = (await listPrepared(folder, now)).filter(({ lastUsed }) => now - lastUsed >= minAge);
  if (entries.length === 0) {
    context.stderr.write(`Nothing to remove in ${folder}.\n`);
    return 0;
  }
  if (yes !== true && !(await confirm(`Remove ${countText(entries)} in ${folder}? [y/N] `, context))) {
    context.stderr.write('Nothing was removed.\n');
    return 0;
  }
  const removed: PreparedEntry[] = [];
  for (const entry of entries) {
    const problem = await removePrepared(entry);
    if (problem === null) removed.push(entry);
    else context.stderr.write(`${entry.file} stays: ${messageOf(problem)}\n`);
    if (json === true) context.stdout.write(`${JSON.stringify({ ...objectOf(entry), removed: problem === null })}\n`);
  }
  if (json !== true) context.stdout.write(`Removed ${countText(removed)}\n`);
  return removed.length === entries.length ? 0 : 6;
};

/** @throws USAGE_CONFLICT without a terminal */
const confirm = async (question: string, context: ProcessContext): Promise<boolean> => {
  if (!canAsk(context)) {
    throw new RefineError(
      'USAGE_CONFLICT',
      `${question.replace(/ \[.*/, '')} There is no terminal to ask in: give --yes.`,
    );
  }
  const stop = listenForStop(context, () => undefined);
  try {
    return await ask(question, context, stop.signal);
  } finally {
    stop.release();
  }
};

/** @returns milliseconds */
const parseAge = (text: string): number => {
  const [, count = '', unit = ''] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  const length = UNITS[unit];
  if (length !== undefined) return Number(count) * length;
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected --older-than to be a number of hours, days or weeks such as 12h, 30d or 8w, got "${text}".`,
  );
};
