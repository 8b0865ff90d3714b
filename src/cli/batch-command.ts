/** `sdxl-refine batch`: what it takes and says; `run-batch-command.ts` does it. */
import { Command } from 'commander';
import { optionFlag } from '../manifest/parse-value.js';
import { ROW_KEY_NAMES, ROW_KEYS } from '../manifest/row-keys.js';
import type { BatchFlags } from './batch-run.js';
import type { Surroundings } from './surroundings.js';
import { runBatchCommand } from './run-batch-command.js';

const EXAMPLES = `
Examples:
  $ sdxl-refine batch manifest.jsonl
  $ sdxl-refine batch manifest.csv --model ./sdxl-refiner --output-dir refined --strength 0.25
  $ sdxl-refine batch manifest.jsonl --dry-run
  $ make-rows | sdxl-refine batch - --json | jq .status

A row of manifest.jsonl:
  {"image": "cat.png", "prompt": "a cat in the snow", "strength": 0.3, "steps": 50}

Exit codes: 0 every row is ok, 1 some failed, 2 usage, 3 manifest, 4 model, 5 device, 6 output, 130 stopped.`;

/** Row keys that hold for every row that does not say otherwise. */
const optionKeys = ROW_KEY_NAMES.filter((name) => ROW_KEYS[name].isOption);

export const batchCommand = (around: Surroundings, setExitCode: (code: number) => void): Command => {
  const command = new Command('batch')
    .description('Refines every row of the inputs: a prompt and a picture each.')
    .argument('<input...>', '.jsonl, .ndjson, .csv or .tsv manifests, or - for JSON lines on standard input')
    .option('--model <folder>', 'SDXL refiner in the diffusers layout (default: the small bundled one)')
    .option('--output-dir <folder>', 'where pictures and results.jsonl go', 'refined')
    .option('--overwrite', 'replace outputs that exist already; otherwise they stop the run before any work')
    .option('--dry-run', 'validate rows, open pictures’ headers and the model, count the cost; run nothing')
    .option('--json', 'one result line a row on standard output, and a last line with the summary')
    .option('--quiet', 'no progress and no summary; errors only')
    .option('--limit <n>', 'only the first n rows')
    .option('--error-threshold <n>', 'stop after more than n failed rows; -1: never', '-1')
    .option('--predictions-csv <file>', 'write the Azure batch endpoint’s headerless CSV as well')
    .option('--device <name>', 'auto or cpu', 'auto')
    .option('--precision <name>', 'auto or fp32', 'auto')
    .optionsGroup('For rows that do not say otherwise:');
  for (const name of optionKeys) {
    const { help, defaultText } = ROW_KEYS[name];
    command.option(
      `${optionFlag(name)} <${name === 'fit' ? 'pad|resize' : 'value'}>`,
      `${help} (${defaultText.replaceAll('`', '')})`,
    );
  }
  return command.addHelpText('after', EXAMPLES).action(async (inputs: string[], flags: BatchFlags) => {
    setExitCode(await runBatchCommand(inputs, flags, around));
  });
};
