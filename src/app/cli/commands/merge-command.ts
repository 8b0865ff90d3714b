/** `sdxl-refine merge`: the results files of a run's parts as one file, in the order of the inputs. */
import { Command, Option } from 'commander';
import { KEEPS } from '../../../run/results/merge/choose-line.js';
import type { MergeFlags } from '../options/merge-flags.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: ['sdxl-refine merge refined', "sdxl-refine merge 'out/results-*.jsonl' -o results.jsonl --rows 100000"],
  usual: [],
  notes: 'Standard output is the path of the merged file, or with --json its summary.',
};

/** The exit code is 0 even if rows failed, as of `compare`. */
export const mergeCommand = (context: ProcessContext): Command =>
  setHelpTexts(
    new Command('merge')
      .description('Merges the results files of one run’s parts into one, in the order of the inputs.')
      .summary('Merges the results files of one run’s parts.')
      .argument(
        '<results...>',
        'results files, output folders of runs (all their shards), globs, or URIs (s3://, gs://, az://) of either',
      )
      .option('-o, --output <file>', 'the merged file (default: results.jsonl in the folder of the results)')
      .option('-y, --overwrite', 'replace an existing file')
      .addOption(
        new Option(
          '--keep <which>',
          'accept rows that several files have: keep the line of the first file, of the last, or one that is ok',
        ).choices(KEEPS),
      )
      .option('--allow-holes', 'accept missing rows')
      .option('--allow-mixed', 'accept results of different models or manifests')
      .option('--rows <n>', 'number of rows of the whole run: refuse any other')
      .option('--predictions-csv <file>', 'also write the headerless CSV of an Azure batch endpoint')
      .option('--json', 'one line of JSON on standard output: results, summary, doubles, holes')
      .option('-q, --quiet', 'no summary')
      .action(async (results: string[], flags: MergeFlags) => {
        /* Imported on demand, so that help and completion stay fast. */
        const { runMerge } = await import('./run-merge.js');
        await runMerge(results, flags, context);
      }),
    HELP,
  );
