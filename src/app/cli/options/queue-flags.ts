/** Options common to the commands of a queue; `open-queue.ts` uses them. */
import type { Command } from 'commander';
import type { RunFile } from '../../../run/queue/run-file.js';
import type { BatchFlags } from './batch-flags.js';

export interface QueueFlags {
  queue?: string;
  queueName: string;
  queueTimeout: string;
  lockSeconds?: string;
  store?: string;
}

export const QUEUE = 'Queue:';

export const addQueueOptions = (command: Command): Command =>
  command
    .optionsGroup(QUEUE)
    .option(
      '--queue <uri>',
      'redis://<host>:6379 or postgres://<user>@<host>/<database>; with a password, better as the variable SDXL_REFINE_QUEUE',
    )
    .option('--queue-name <name>', 'name of the queue there', 'sdxl-refine')
    .option('--queue-timeout <n>', 'seconds that the queue may be gone before the command gives up', '300');

export const addStoreOption = (command: Command, help: string): Command => command.option('--store <folder|uri>', help);

/** Default of --lock-seconds. */
export const LOCK_SECONDS = '60';

export interface EnqueueFlags extends BatchFlags, QueueFlags {
  queueName: string;
  queueTimeout: string;
  generate?: boolean;
  chunkRows?: string;
  window: string;
}

/** Options that workers need, besides the rows: they decide the pictures. */
const OF_WORKERS = [
  ...['model', 'vae', 'lora', 'embedding', 'precision', 'speed', 'loraDir', 'base', 'baseLora', 'mode', 'stageInput'],
  ...['contentSafety', 'safetyBlockAt', 'safetyBlocklist', 'safetyModel', 'safetyFail'],
] as const;

/** Those and no others, for run.json and out of it: whoever may write there has no say in other options of a worker. */
export const flagsOfWorkers = (flags: Readonly<Record<string, unknown>>): RunFile['flags'] =>
  Object.fromEntries(
    OF_WORKERS.flatMap((name) => {
      const value = flags[name] as RunFile['flags'][string] | undefined;
      return value === undefined ? [] : [[name, typeof value === 'object' ? [...value] : value]];
    }),
  );

export interface WorkFlags extends QueueFlags {
  lockSeconds: string;
  stallSeconds: string;
  exitWhenIdle?: string;
  metricsPort?: string;
  metricsHost: string;
  model?: string;
  base?: string;
  loraDir?: string;
  device: string;
  batchSize: string;
  vaeTiling: string;
  resident: string;
  cacheWeights?: boolean;
  quiet?: boolean;
}

export interface QueueCommandFlags extends QueueFlags {
  json?: boolean;
}

export interface CollectFlags extends QueueFlags {
  output: string;
  follow?: boolean;
  allowHoles?: boolean;
  overwrite?: boolean;
  quiet?: boolean;
}
