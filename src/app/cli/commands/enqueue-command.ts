/** `sdxl-refine enqueue`: arguments, options and help; `run-enqueue.ts` runs it. */
import { Command, Option } from 'commander';
import { RefineError } from '../../../errors.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { DEVICE, MESSAGES, MODEL, PICTURES, SAFETY } from './batch-command.js';
import { mergeConfig } from '../config/config.js';
import { addQueueOptions, addStoreOption, type EnqueueFlags } from '../options/queue-flags.js';
import { ROW_SETTINGS } from '../options/row-options.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: [
    'sdxl-refine enqueue rows.jsonl --queue redis://127.0.0.1:6379 --store run',
    'sdxl-refine enqueue rows.jsonl --queue redis://queue --store s3://bucket/run',
    'sdxl-refine enqueue prompts.jsonl --generate --queue redis://queue --store run',
  ],
  usual: [
    '--queue',
    '--store',
    '--generate',
    '--model',
    '--prompt',
    '--negative-prompt',
    '--strength',
    '--steps',
    '--seed',
    '--chunk-rows',
    '--window',
  ],
  notes: `The rows are checked as by batch (with --generate: as by generate), cut into chunks of about 15 minutes of work, and put into a queue; "sdxl-refine work" runs them on any number of machines, and "sdxl-refine collect" gathers the results. The command may be killed and run again: it goes on.

Exit codes: 0 all rows are in the queue, 2 usage, 3 manifest, 5 queue, 6 store, 130 stopped.`,
};

const RUN = 'Run:';
const PROMPTS = 'With --generate:';
const HEADINGS: readonly (string | undefined)[] = [RUN, PICTURES, MODEL, DEVICE, SAFETY, MESSAGES, ROW_SETTINGS];
/** Of a folder with an earlier run, of one machine, or without a meaning before the pictures are made. */
const LEFT_OUT = [
  ...['outputDir', 'resume', 'retryFailed', 'append', 'verify', 'prune', 'overwrite', 'dryRun', 'shard'],
  ...['errorThreshold', 'predictionsCsv', 'device', 'batchSize', 'vaeTiling', 'cacheWeights'],
  ...['resident', 'saveLatents', 'printConfig', 'json'],
];

const sharedOf = ({ options }: Command): Option[] =>
  options.filter((option) => HEADINGS.includes(option.helpGroupHeading) && !LEFT_OUT.includes(option.attributeName()));

/** @param of the commands whose options are reused */
export const enqueueCommand = (
  context: ProcessContext,
  setExitCode: (code: number) => void,
  of: Record<RowCommand, Command>,
): Command => {
  const command = new Command('enqueue')
    .description('Puts the rows of the inputs into a queue, for "sdxl-refine work" on any number of machines.')
    .summary('Puts rows into a queue for several machines.')
    .argument('<input...>', 'manifests, pictures, folders or globs, as for batch');
  addQueueOptions(command);
  addStoreOption(
    command,
    'where chunks, pictures and results go: a folder that all machines share, or s3://, gs://, az://',
  )
    .option('--chunk-rows <n>', 'rows in a chunk (default: about 15 minutes of work, by what earlier chunks took)')
    .option('--window <n>', 'chunks that may wait in the queue; further ones are added as workers take them', '10000')
    .optionsGroup(RUN)
    .option('--generate', 'rows are prompts, and workers generate their pictures, as the command generate does');
  const shared = { batch: sharedOf(of.batch), generate: sharedOf(of.generate) };
  const namesOf = (rows: RowCommand): Set<string> => new Set(shared[rows].map((option) => option.attributeName()));
  const names = { batch: namesOf('batch'), generate: namesOf('generate') };
  for (const option of shared.batch) command.addOption(option);
  for (const option of shared.generate) {
    if (!names.batch.has(option.attributeName())) command.addOption(cloneOf(option).helpGroup(PROMPTS));
  }
  command.optionsGroup(MESSAGES).option('--json', 'write the summary to standard output as one line of JSON');
  return setHelpTexts(command, HELP).action(async (inputs: string[]) => {
    const config = await mergeConfig<EnqueueFlags>(command, inputs, context);
    const [rows, other]: [RowCommand, RowCommand] =
      config.flags.generate === true ? ['generate', 'batch'] : ['batch', 'generate'];
    const ofOther = command.options.filter((option) => {
      const name = option.attributeName();
      return names[other].has(name) && !names[rows].has(name);
    });
    const misplaced = ofOther.find((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
    if (misplaced !== undefined) throw otherRows(misplaced, rows);
    const left = new Set(ofOther.map((option) => option.attributeName()));
    const flags = Object.fromEntries(Object.entries(config.flags).filter(([name]) => !left.has(name))) as EnqueueFlags;
    /* Imported on demand, so that help and completion stay fast. */
    const { runEnqueue } = await import('./run-enqueue.js');
    setExitCode(await runEnqueue(inputs, { ...config, flags }, context, rows));
  });
};

const otherRows = (option: Option, rows: RowCommand): RefineError => {
  const remedy = rows === 'batch' ? 'Give --generate too' : 'Leave it or --generate out';
  return new RefineError(
    'USAGE_CONFLICT',
    `Expected options of ${rows}, found ${option.long ?? option.flags}, which ${rows} does not have. ${remedy}.`,
  );
};

/** Its heading is another here than in its own command. */
const cloneOf = (option: Option): Option => Object.assign(new Option(option.flags, option.description), option);
