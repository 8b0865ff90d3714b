/** Plans a run for a queue: checks its rows, and describes it in its store. */
import { createHash, randomInt } from 'node:crypto';
import { relative, resolve, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { RefineError } from '../../../errors.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import type { Store } from '../../../io/store/store.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { takeFirst } from '../../../run/batch/async-rows.js';
import { inputPlaces } from '../../../run/batch/earlier-inputs.js';
import { checkManifest, type ManifestCheck } from '../../../run/manifest/check-manifest.js';
import { skippedText } from '../../../run/manifest/inputs/skipped-files.js';
import { DRAWN_SEEDS } from '../../../run/manifest/rows/row-seed.js';
import { newRunId, readRunFile, writeRunFile, type RunFile } from '../../../run/queue/run-file.js';
import { openNamedLoras } from '../options/named-loras.js';
import { flagsOfWorkers, type EnqueueFlags } from '../options/queue-flags.js';
import { parseWhole } from '../options/run-options.js';
import { packageVersion } from '../package-version.js';
import { count } from '../progress/summary-text.js';
import type { ProcessContext } from '../process-context.js';
import { batchKind } from './batch-kind.js';
import { generateKind, type GenerateFlags } from './generate-run.js';
import { manifestOf } from './manifest-of.js';
import type { RunKind } from './run-kind.js';

/** Options that decide neither rows nor pictures: the same run may go on with others. */
const OF_THIS_CALL = ['queue', 'queueName', 'queueTimeout', 'store', 'window', 'chunkRows', 'quiet', 'json', 'config'];

export interface PlannedRun {
  run: RunFile;
  manifest: ManifestCheck;
  rows: ReturnType<ManifestCheck['read']>;
}

interface Plan {
  command: RowCommand;
  store: Store;
  place: string;
  scratch: string;
  signal: AbortSignal;
}

/** Checks the rows, and writes the run's description unless it is there. @throws QUEUE_OTHER_RUN if it is another run's */
export const planQueuedRun = async (
  inputs: readonly string[],
  flags: EnqueueFlags,
  context: ProcessContext,
  plan: Plan,
): Promise<PlannedRun> => {
  const { command: rowCommand, store, place, scratch, signal } = plan;
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
  const kind = kindOf(rowCommand, inputs, flags, context);
  const runSeed = known?.seed ?? randomInt(DRAWN_SEEDS);
  const source = { ...kind, scratch, runSeed, outputFolder: place, signal };
  const loraFolder = await openNamedLoras(flags.loraDir, kind.loras, context, signal);
  const manifest = await checkManifest({
    ...(await manifestOf(inputs, flags, context, source)),
    ...(await kind.readDefaults()),
    ...(loraFolder === null ? {} : { findLora: loraFolder.find }),
  });
  /* Before the rows are read again: those that name others get a warning. */
  const loras = loraFolder?.choose() ?? [];
  const limit = flags.limit === undefined ? Infinity : parseWhole('--limit', flags.limit, 1);
  const skipped = skippedText(manifest.skipped);
  if (skipped !== '' && flags.quiet !== true) context.stderr.write(`${skipped}\n`);
  const own: RunFile = {
    format: 1,
    id: newRunId(),
    version: packageVersion(),
    ...(rowCommand === 'batch' ? {} : { kind: rowCommand }),
    inputs: places,
    rows: Math.min(manifest.rows, limit),
    command,
    seed: runSeed,
    cwd: context.cwd(),
    flags: flagsOfWorkers({ ...flags }),
    ...(loras.length === 0
      ? {}
      : { loras: loras.map(({ name, file }) => ({ name, path: inFolder(flags, context, file) })) }),
  };
  const run = known ?? (await writeRunFile(store, own));
  /* The same command began at the same moment elsewhere, and drew another seed. */
  if (run.command === command && run.seed !== runSeed) {
    return planQueuedRun(inputs, flags, context, plan);
  }
  const isSame = run.command === command && run.rows === own.rows && isDeepStrictEqual(run.loras, own.loras);
  if (!isSame) throw otherRun(store, run);
  return { run, manifest, rows: takeFirst(manifest.read(), limit) };
};

/** What is each worker's own does not matter here. */
const kindOf = (
  command: RowCommand,
  inputs: readonly string[],
  flags: EnqueueFlags,
  context: ProcessContext,
): RunKind =>
  command === 'batch'
    ? batchKind({ ...flags, vaeTiling: 'auto' }, context)
    : generateKind(inputs, { ...flags, vaeTiling: 'auto', resident: 'auto' } as unknown as GenerateFlags, context);

/** As object names have it, whatever the system. */
const inFolder = ({ loraDir = '' }: EnqueueFlags, { cwd }: ProcessContext, file: string): string =>
  relative(existingForm(resolve(cwd(), loraDir)), file).replaceAll(sep, '/');

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

const otherRun = (store: Store, { id, inputs, rows }: RunFile): RefineError =>
  new RefineError(
    'QUEUE_OTHER_RUN',
    `Expected an empty --store or the one of this run, found the run ${id} of ${count(rows, 'row')} from ${inputs.join(', ')} in ${store.shown}. ` +
      'To go on with that run, give its inputs and options, from its folder. For another run, choose another --store.',
    { context: { store: store.shown } },
  );
