/** `sdxl-refine merge`: the results files of a run's parts as one file, in the order of the inputs. */
import { basename, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { isRefineError, RefineError } from '../../../errors.js';
import { KEEPS, type Keep } from '../../../run/results/merge/choose-line.js';
import type { ResultFile } from '../../../run/results/merge/find-result-files.js';
import { createLimitedNotes, FOREIGN_LINES, foreignLine } from '../progress/limited-notes.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import { parseWhole } from '../options/run-options.js';
import type { ProcessContext } from '../process-context.js';
import { listenForStop } from '../stop-signal.js';

const HELP: HelpTexts = {
  examples: ['sdxl-refine merge refined', "sdxl-refine merge 'out/results-*.jsonl' -o results.jsonl --rows 100000"],
  usual: [],
  notes: 'Standard output is the path of the merged file, or with --json its summary.',
};

interface MergeFlags {
  output?: string;
  overwrite?: boolean;
  keep?: Keep;
  allowHoles?: boolean;
  allowMixed?: boolean;
  rows?: string;
  predictionsCsv?: string;
  json?: boolean;
  quiet?: boolean;
}

/** The exit code is 0 even if rows failed, as of `compare`. */
export const mergeCommand = (context: ProcessContext): Command =>
  setHelpTexts(
    new Command('merge')
      .description('Merges the results files of one run’s parts into one, in the order of the inputs.')
      .summary('Merges the results files of one run’s parts.')
      .argument('<results...>', 'results files, output folders of runs (all their shards), or globs')
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
      .option('--quiet', 'no summary')
      .action((results: string[], flags: MergeFlags) => merge(results, flags, context)),
    HELP,
  );

const merge = async (inputs: readonly string[], flags: MergeFlags, context: ProcessContext): Promise<void> => {
  /* Imported on demand, so that help and completion stay fast. */
  const { mergeResults } = await import('../../../run/results/merge/merge-results.js');
  const { findResultFiles, commonFolder } = await import('../../../run/results/merge/find-result-files.js');
  const { writePredictionsCsv } = await import('../../../run/results/predictions-csv.js');
  const rows = flags.rows === undefined ? null : parseWhole('--rows', flags.rows, 0);
  const files = await findResultFiles(inputs, context.cwd());
  const folder = commonFolder(files);
  if (flags.output === undefined && folder === null) {
    throw new RefineError(
      'USAGE_CONFLICT',
      'Expected --output, since the results are in several folders. Give the file to write: -o results.jsonl.',
    );
  }
  const output = resolve(context.cwd(), flags.output ?? join(folder ?? '', 'results.jsonl'));
  const csv = flags.predictionsCsv === undefined ? null : resolve(context.cwd(), flags.predictionsCsv);
  const replaces = flags.overwrite === true;
  for (const path of csv === null ? [output] : [output, csv]) await expectFree(path, { files, replaces });
  if (csv === output) throw outputExists(csv, 'is the merged file too', 'Choose another --predictions-csv');
  const stop = listenForStop(context, () => undefined);
  const notes = flags.quiet === true ? null : context.stderr;
  const invalidLineNotes = createLimitedNotes(notes, FOREIGN_LINES);
  try {
    const merged = await mergeResults({
      ...{ files, output, replaces, rows, signal: stop.signal },
      keep: flags.keep ?? null,
      allowsHoles: flags.allowHoles === true,
      allowsMixed: flags.allowMixed === true,
      onInvalidLine: (fault) => {
        invalidLineNotes.say(foreignLine(fault));
      },
      report: (done) => {
        notes?.status(`${done} rows merged`);
      },
    });
    if (csv !== null) await writePredictionsCsv(output, csv, replaces);
    context.stderr.status(null);
    const { summary, doubles, holes } = merged;
    if (notes !== null) {
      for (const hole of holes) notes.write(`Note: ${hole}\n`);
      if (doubles > 0) notes.write(`Note: ${doubles} in several files; --keep ${flags.keep ?? ''} chose\n`);
      const counts = Object.entries({ ok: summary.ok, failed: summary.failed, blocked: summary.blocked });
      const texts = counts.filter(([, count]) => count > 0).map(([status, count]) => `${count} ${status}`);
      notes.write(
        `${summary.rows} rows of ${files.length} ${files.length === 1 ? 'file' : 'files'}: ${texts.join(', ')}\n`,
      );
    }
    context.stdout.write(
      flags.json === true ? `${JSON.stringify({ results: output, summary, doubles, holes })}\n` : `${output}\n`,
    );
  } catch (thrown) {
    /* A file that appeared during the merge is the caller's, as one that was there before. */
    if (!isRefineError(thrown) || thrown.code !== 'OUTPUT_TAKEN') throw thrown;
    throw outputExists(output, 'was written by another program meanwhile', 'Give --overwrite, or another --output');
  } finally {
    context.stderr.status(null);
    invalidLineNotes.end();
    stop.release();
  }
};

/** @throws OUTPUT_EXISTS before anything is read */
const expectFree = async (
  path: string,
  { files, replaces }: { files: readonly ResultFile[]; replaces: boolean },
): Promise<void> => {
  const { fileIdentity } = await import('../../../io/files/file-identity.js');
  const { stat } = await import('node:fs/promises');
  if (/^\.sdxl-refine/i.test(basename(path)))
    throw outputExists(path, 'has a name that runs use for their own records', 'Choose another name');
  const identity = await fileIdentity(path);
  if (identity === null) return;
  for (const file of files)
    if ((await fileIdentity(file.path)) === identity)
      throw outputExists(path, 'is one of the results', 'Choose another');
  if ((await stat(path)).isDirectory()) throw outputExists(path, 'is a folder', 'Name a file in it');
  if (!replaces) throw outputExists(path, 'exists', 'Give --overwrite, or another --output');
};

const outputExists = (path: string, what: string, remedy: string): RefineError =>
  new RefineError('OUTPUT_EXISTS', `Expected no file at the output ${path}: it ${what}. ${remedy}.`, {
    context: { path },
  });
