/** `--cache-weights`: transformed convolution weights in a file, for faster runs on the CPU. */
import { Option, type Command } from 'commander';
import type { MemoryUse } from '../../../records/model-options.js';

export interface CacheWeightsFlags {
  cacheWeights?: boolean;
}

/** `--memory <fast|lean>` is the old name: `config/renamed-settings.ts` reads it. */
export const addCacheWeights = (command: Command): Command =>
  command
    .option(
      '--cache-weights',
      'CPU: cache transformed convolution weights on disk, for faster runs; the file is four times as large as these weights',
    )
    .option('--no-cache-weights', 'transform the weights in each run; no file (default)')
    .addOption(new Option('--memory <fast|lean>', 'old name of --cache-weights and --no-cache-weights').hideHelp());

/** The engine's name of the option. */
export const memoryUse = ({ cacheWeights }: CacheWeightsFlags): MemoryUse =>
  cacheWeights === true ? 'cached' : 'lean';
