/** `sdxl-refine compare`: the results of a run as a page and a contact sheet. */
import { listSome } from '../../../errors.js';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isFolder } from '../../../io/files/is-folder.js';
import { formatStoreUri, isStorePlace, isStoreUri, parseStoreUri } from '../../../io/store/store-uri.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { Command } from 'commander';
import { expectOnThisMachine } from '../options/output-place.js';
import { collect } from '../options/lora-options.js';
import { findResults } from '../../compare/find-results.js';
import type { Comparison } from '../../compare/write-comparison.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import { createLimitedNotes, FOREIGN_LINES, foreignLine } from '../progress/limited-notes.js';
import { parseWhole } from '../options/run-options.js';
import { listenForStop } from '../stop-signal.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: ['sdxl-refine compare refined --inputs pictures'],
  usual: [],
  notes: 'Standard output is the paths of the page and of the sheet, a line each.',
};

interface CompareFlags {
  inputs?: string | readonly string[];
  output?: string;
  sheet?: string;
  limit?: string;
  sheetLimit: string;
  maxSide?: string;
  link?: boolean;
  fetch?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** The exit code is 0 even if rows failed: the page shows them. */
export const compareCommand = (context: ProcessContext): Command =>
  setHelpTexts(
    new Command('compare')
      .description('Shows inputs and outputs of a run side by side: one HTML file and one PNG.')
      .summary('Shows inputs and outputs of a run side by side.')
      .argument('<results>', 'output folder or URI of a run of batch, or its results.jsonl')
      .option(
        '--inputs <folder>',
        'folder of the manifest, for its relative paths; may be repeated (default: the current folder, the folder above the results, the results’ folder)',
        collect,
      )
      .option('-o, --output <file>', 'the page (default: compare.html beside the results)')
      .option('--sheet <file>', 'the contact sheet (default: contact-sheet.png beside the results)')
      .option('--limit <n>', 'process only the first n rows')
      .option('--sheet-limit <n>', 'pairs in the contact sheet', '24')
      .option('--max-side <pixels>', 'longest side of a preview (default: 1024, less for over 250 rows)')
      .option('--link', 'link to the picture files instead of embedding previews')
      .option('--fetch', 'download inputs that are URLs')
      .option('--json', 'one line of JSON on standard output: page, sheet, rows')
      .option('-q, --quiet', 'no summary')
      .action(async (results: string, flags: CompareFlags) => {
        await compare(results, flags, context);
      }),
    HELP,
  );

const compare = async (place: string, flags: CompareFlags, context: ProcessContext): Promise<void> => {
  const scratch = await makeScratchFolder(context);
  try {
    await compareIn(scratch, place, flags, context);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

const compareIn = async (
  scratch: string,
  place: string,
  flags: CompareFlags,
  context: ProcessContext,
): Promise<void> => {
  /* Imported on demand, so that help and completion stay fast. */
  const { writeComparison } = await import('../../compare/write-comparison.js');
  const cwd = context.cwd();
  const { copyRemoteResults, uploadFile } = await import('../../compare/remote-results.js');
  if (!isStoreUri(place))
    expectOnThisMachine(
      'the results',
      place,
      'Give the output folder of a run, or its place as s3://, gs:// or az://.',
    );
  const remote = isStoreUri(place) ? await copyRemoteResults(place, join(scratch, 'results')) : null;
  const { files: results, missing } = remote ?? (await findResults(resolve(cwd, place)));
  if (missing.length > 0 && flags.quiet !== true) context.stderr.write(`Note: without ${listSome(missing)}\n`);
  const folder = dirname(results[0] ?? place);
  const placeOf = (given: string | undefined, name: string): string =>
    given ?? (remote === null ? join(folder, name) : remote.uri + name);
  const targets = [placeOf(flags.output, 'compare.html'), placeOf(flags.sheet, 'contact-sheet.png')];
  const [page = '', sheet = ''] = targets.map((target, at) =>
    isStorePlace(target) ? join(scratch, at === 0 ? 'page.html' : 'sheet.png') : resolve(cwd, target),
  );
  const given = [flags.inputs ?? []].flat();
  const stores = given.filter(isStoreUri).map((uri) => `${formatStoreUri(parseStoreUri(uri)).replace(/\/+$/, '')}/`);
  const folders = given.filter((input) => !isStoreUri(input));
  for (const input of folders)
    expectOnThisMachine('--inputs', input, 'Inputs that are URLs are downloaded with --fetch.');
  const inputs = folders.map((input) => existingForm(resolve(cwd, input)));
  for (const input of flags.quiet === true ? [] : inputs)
    if (!(await isFolder(input))) context.stderr.write(`Note: there is no folder ${input} (--inputs)\n`);
  const stop = listenForStop(context, () => undefined);
  const invalidLineNotes = createLimitedNotes(flags.quiet === true ? null : context.stderr, FOREIGN_LINES);
  try {
    const comparison = await writeComparison({
      results,
      page,
      sheet,
      outputs: remote?.uri ?? null,
      find: {
        folders: [...inputs, ...(remote === null ? [cwd, dirname(folder), folder] : [cwd])],
        fetch: flags.fetch === true,
        stores: [...stores, ...(remote === null ? [] : [remote.uri])],
      },
      limit: flags.limit === undefined ? Infinity : parseWhole('--limit', flags.limit, 1),
      sheetLimit: parseWhole('--sheet-limit', flags.sheetLimit, 1),
      maxSide: flags.maxSide === undefined ? null : parseWhole('--max-side', flags.maxSide, 16),
      link: flags.link === true,
      signal: stop.signal,
      onInvalidLine: (fault) => {
        invalidLineNotes.say(foreignLine(fault));
      },
      report: (done, total) => {
        if (flags.quiet !== true) context.stderr.status(`${done} of ${total} rows`);
      },
    });
    context.stderr.status(null);
    const { rows } = comparison.summary;
    const paths = [page, ...(comparison.pairs > 0 ? [sheet] : [])];
    const written: string[] = [];
    for (const [at, path] of paths.entries()) {
      const target = targets[at] ?? '';
      if (isStoreUri(target)) await uploadFile(path, target);
      written.push(isStoreUri(target) ? target : path);
    }
    if (flags.quiet !== true) context.stderr.write(summaryText(comparison));
    context.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ page: written[0], sheet: written[1] ?? null, rows })}\n`
        : `${written.join('\n')}\n`,
    );
  } finally {
    invalidLineNotes.end();
    stop.release();
  }
};

const summaryText = ({ summary, withoutInput, pairs }: Comparison): string => {
  const { rows, ok, failed, blocked, skipped } = summary;
  const counts = Object.entries({ ok, failed, blocked, skipped }).filter(([, count]) => count > 0);
  const lines = [
    `${rows} ${rows === 1 ? 'row' : 'rows'}: ${counts.map(([status, count]) => `${count} ${status}`).join(', ')}`,
    ...(withoutInput > 0
      ? [`${withoutInput} without their input: the page says why; --inputs names the manifest’s folder`]
      : []),
    ...(pairs === 0 ? ['no output to show: no contact sheet is written'] : []),
  ];
  return `${lines.join('\n')}\n`;
};
