/** `sdxl-refine collect`: gathers the results of a queue's run into one file, in the order of its rows. */
import { Command } from 'commander';
import { readFlags } from '../options/score-flags.js';
import { addQueueOptions, addStoreOption, type CollectFlags } from '../options/queue-flags.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';
import { MESSAGES } from './batch-command.js';

const HELP: HelpTexts = {
  examples: [
    'sdxl-refine collect --store /mnt/run -o results.jsonl',
    'sdxl-refine collect --queue redis://127.0.0.1:6379 --follow -o - | jq .status',
  ],
  usual: ['--store', '--queue', '--output', '--follow', '--allow-holes'],
  notes: `Exit codes: 0 all results are there, 1 some rows failed, 2 usage, 5 queue, 6 store, or chunks without results, 130 stopped.`,
};

export const collectCommand = (context: ProcessContext, setExitCode: (code: number) => void): Command => {
  const command = new Command('collect').description(
    'Gathers the results of a run from a queue into one file, in the order of its rows.',
  );
  command.summary('Gathers the results of a queue’s run into one file.');
  addStoreOption(addQueueOptions(command), 'the run’s store (default: that of the queue’s chunks)')
    .option('-o, --output <file>', 'file for the results, or - for standard output', 'results.jsonl')
    .option('--follow', 'write results as chunks are finished, until the last')
    .option('--allow-holes', 'leave out rows whose chunks are not finished, instead of an error')
    .option('-y, --overwrite', 'replace an existing file')
    .optionsGroup(MESSAGES)
    .option('-q, --quiet', 'print errors only');
  return setHelpTexts(command, HELP).action(async () => {
    const flags = await readFlags<CollectFlags>(command, context);
    const { runCollect } = await import('./run-collect.js');
    setExitCode(await runCollect(flags, context));
  });
};
