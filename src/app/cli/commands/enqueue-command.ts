/** `sdxl-refine enqueue`: arguments, options and help; `run-enqueue.ts` runs it. */
import { Command, type Option } from 'commander';
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
  ],
  usual: [
    '--queue',
    '--store',
    '--model',
    '--prompt',
    '--negative-prompt',
    '--strength',
    '--steps',
    '--seed',
    '--chunk-rows',
    '--window',
  ],
  notes: `The rows are checked as by batch, cut into chunks of about 15 minutes of work, and put into a queue; "sdxl-refine work" refines them on any number of machines, and "sdxl-refine collect" gathers the results. The command may be killed and run again: it goes on.

Exit codes: 0 all rows are in the queue, 2 usage, 3 manifest, 5 queue, 6 store, 130 stopped.`,
};

const RUN = 'Run:';
const HEADINGS: readonly (string | undefined)[] = [RUN, PICTURES, MODEL, DEVICE, SAFETY, MESSAGES, ROW_SETTINGS];
/** Of a folder with an earlier run, of one machine, or without a meaning before the pictures are refined. */
const LEFT_OUT = [
  ...['outputDir', 'resume', 'retryFailed', 'append', 'verify', 'prune', 'overwrite', 'dryRun', 'shard'],
  ...['errorThreshold', 'predictionsCsv', 'loraDir', 'device', 'batchSize', 'vaeTiling', 'cacheWeights'],
  ...['printConfig', 'json'],
];

/** @param batch the command whose options are reused */
export const enqueueCommand = (
  context: ProcessContext,
  setExitCode: (code: number) => void,
  batch: Command,
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
    .option('--window <n>', 'chunks that may wait in the queue; further ones are added as workers take them', '10000');
  const isShared = (option: Option): boolean =>
    HEADINGS.includes(option.helpGroupHeading) && !LEFT_OUT.includes(option.attributeName());
  for (const option of batch.options.filter(isShared)) command.addOption(option);
  command.optionsGroup(MESSAGES).option('--json', 'write the summary to standard output as one line of JSON');
  return setHelpTexts(command, HELP).action(async (inputs: string[]) => {
    const config = await mergeConfig<EnqueueFlags>(command, inputs, context);
    /* Imported on demand, so that help and completion stay fast. */
    const { runEnqueue } = await import('./run-enqueue.js');
    setExitCode(await runEnqueue(inputs, config, context));
  });
};
