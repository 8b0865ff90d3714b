/** A command with options of every kind, for tests of what is read from it. */
import { Command } from 'commander';

export const parsedCommand = (args: readonly string[] = []): Command =>
  new Command('batch')
    .argument('[input...]')
    .option('--model <folder|id>', 'the model')
    .option('--output-dir <folder>', 'where pictures go', 'refined')
    .option('--device <name>', 'auto or cpu', 'auto')
    .option('--error-threshold <n>', 'stop after more than n failed rows', '-1')
    .option('--limit <n>', 'only the first n rows')
    .option('--overwrite', 'replace outputs')
    .option('--no-metadata', 'write no metadata')
    .option('--config <file>', 'settings')
    .option('--no-config', 'no settings of a file')
    .option('--print-config', 'print the settings')
    .option('--prompt <value>', 'what the picture shows')
    .option('--strength <value>', 'how much')
    .option('--steps <value>', 'length of the schedule')
    .option('--seed <value>', 'start of the random numbers')
    .option('--original-size <value>', 'size')
    .parse([...args], { from: 'user' });
