/** `sdxl-refine queue`: looks at a queue, and mends it. */
import { Command } from 'commander';
import { readFlags } from '../options/score-flags.js';
import { addQueueOptions, addStoreOption, type QueueCommandFlags } from '../options/queue-flags.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';
import { MESSAGES } from './batch-command.js';

const HELP: HelpTexts = {
  examples: [
    'sdxl-refine queue status --queue redis://127.0.0.1:6379',
    'sdxl-refine queue retry --queue redis://127.0.0.1:6379 --store /mnt/run',
  ],
  usual: [],
  notes: '',
};

const STORE = 'the run’s store (default: that of the queue’s chunks)';

export const queueCommand = (context: ProcessContext): Command => {
  const queue = setHelpTexts(
    new Command('queue').description('Shows a queue, retries its failed chunks, or empties it.').helpCommand(false),
    HELP,
  );
  const add = (name: string, description: string): Command => {
    const command = addQueueOptions(queue.command(name).description(description));
    return command;
  };
  const action = (command: Command, name: 'status' | 'retry' | 'drain'): void => {
    command.action(async () => {
      const flags = await readFlags<QueueCommandFlags>(command, context);
      const { runQueueCommand } = await import('./run-queue.js');
      await runQueueCommand(name, flags, context);
    });
  };
  const status = addStoreOption(
    add('status', 'Shows how many chunks wait, are worked on, are finished and have failed.'),
    STORE,
  )
    .optionsGroup(MESSAGES)
    .option('--json', 'print one JSON object');
  action(status, 'status');
  const retry = addStoreOption(
    add(
      'retry',
      'Puts failed chunks back into the queue, and chunks of the store that have no results and are not in the queue.',
    ),
    STORE,
  );
  action(retry, 'retry');
  action(add('drain', 'Removes waiting chunks from the queue; those that are worked on are finished.'), 'drain');
  return queue;
};
