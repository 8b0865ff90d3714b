/** `sdxl-refine work`: arguments, options and help; `run-work.ts` runs it. */
import { Command, Option } from 'commander';
import { readFlags } from '../options/score-flags.js';
import { addBatchSize, addVaeTiling, DEVICE_NAMES } from '../options/device-options.js';
import { addCacheWeights } from '../options/cache-weights.js';
import { addQueueOptions, addStoreOption, LOCK_SECONDS, QUEUE, type WorkFlags } from '../options/queue-flags.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';
import { DEVICE, MESSAGES } from './batch-command.js';

const HELP: HelpTexts = {
  examples: [
    'sdxl-refine work --queue redis://127.0.0.1:6379',
    'sdxl-refine work --queue redis://queue:6379 --device cuda --exit-when-idle 60',
  ],
  usual: ['--queue', '--store', '--exit-when-idle', '--model', '--device', '--batch-size', '--metrics-port'],
  notes: `Start as many as there are machines. A worker may be killed at any time: another one takes its chunk over. SIGTERM and Ctrl-C hand the chunk back first.

Exit codes: 0 stopped or idle, 2 usage, 4 model, 5 device or queue, 6 store.`,
};

/** Seconds of --exit-when-idle without a number. */
const IDLE_SECONDS = '10';

export const workCommand = (context: ProcessContext, setExitCode: (code: number) => void): Command => {
  const command = new Command('work').description(
    'Refines chunks of rows that "sdxl-refine enqueue" put into a queue, beside other workers.',
  );
  command.summary('Refines rows from a queue, beside other workers.');
  addQueueOptions(command);
  addStoreOption(command, 'the run’s store, if this machine reaches it at another place than enqueue was given')
    .addOption(
      new Option(
        '--exit-when-idle [seconds]',
        `end after this many seconds in which no chunk waited or was worked on (${IDLE_SECONDS} if no number is given)`,
      )
        .preset(IDLE_SECONDS)
        .helpGroup(QUEUE),
    )
    .option('--lock-seconds <n>', 'seconds after which a worker that went silent loses its chunk', LOCK_SECONDS)
    .option(
      '--stall-seconds <n>',
      'least seconds without a step after which the engine is ended; ten times the median step, if that is longer',
      '60',
    )
    .option('--metrics-port <n>', 'serve metrics for Prometheus at this port; 0: any free one')
    .option('--metrics-host <name>', 'address of the metrics', '127.0.0.1')
    .optionsGroup(DEVICE)
    .option('-m, --model <folder|file|id>', 'the run’s model, if it is at another place on this machine')
    .option('--base <folder|file|id>', 'the base model of a run of prompts, if it is at another place on this machine')
    .option(
      '--lora-dir <folder>',
      'the folder of LoRAs that the run’s rows name, if it is at another place on this machine',
    )
    .option('-d, --device <names>', DEVICE_NAMES, 'auto');
  addCacheWeights(addVaeTiling(addBatchSize(command))).option(
    '--resident <one|both|auto>',
    'of a run of prompts, models kept in memory at a time; auto: both where memory allows it',
    'auto',
  );
  command.optionsGroup(MESSAGES).option('-q, --quiet', 'print errors only');
  return setHelpTexts(command, HELP).action(async () => {
    const flags = await readFlags<WorkFlags>(command, context);
    /* Imported on demand, so that help and completion stay fast. */
    const { runWork } = await import('./run-work.js');
    setExitCode(await runWork(flags, context));
  });
};
