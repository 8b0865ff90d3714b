/** Runs `merge`: checks the output's place, merges, and prints what was found. */
import { rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isRefineError, RefineError } from '../../../errors.js';
import { exists } from '../../../io/files/exists.js';
import { fileIdentity } from '../../../io/files/file-identity.js';
import { bucketOf, parseObjectUri, uploadObject } from '../../../io/store/read-object.js';
import { isStoreUri } from '../../../io/store/store-uri.js';
import { commonFolder, findResultFiles } from '../../../run/results/merge/find-result-files.js';
import { mergeResults, type Merged } from '../../../run/results/merge/merge-results.js';
import type { ResultFile } from '../../../run/results/merge/result-file.js';
import { remoteNames } from '../../../run/results/remote/remote-names.js';
import { stateFile } from '../../../run/results/run-state.js';
import { writePredictionsCsv } from '../../../run/results/predictions-csv.js';
import { outputPlace } from '../options/output-place.js';
import type { MergeFlags } from '../options/merge-flags.js';
import { parseWhole } from '../options/run-options.js';
import { count } from '../progress/summary-text.js';
import { createLimitedNotes, FOREIGN_LINES, foreignLine } from '../progress/limited-notes.js';
import { makeScratchFolder } from '../scratch-folder.js';
import type { ProcessContext } from '../process-context.js';
import { listenForStop } from '../stop-signal.js';

/** @throws as `mergeResults`, OUTPUT_EXISTS, OUTPUT_OTHER_RUN, USAGE_*, STORE_* */
export const runMerge = async (
  inputs: readonly string[],
  flags: MergeFlags,
  context: ProcessContext,
): Promise<void> => {
  const rows = flags.rows === undefined ? null : parseWhole('--rows', flags.rows, 0);
  const notes = flags.quiet === true ? null : context.stderr;
  const invalidLineNotes = createLimitedNotes(notes, FOREIGN_LINES);
  const stop = listenForStop(context, () => undefined);
  let scratch: Promise<string> | null = null;
  const makeFolder = (): Promise<string> => (scratch ??= makeScratchFolder(context));
  try {
    const files = await findResultFiles(inputs, context.cwd(), { makeFolder, signal: stop.signal });
    const output = outputOf(files, flags, context.cwd());
    const csv = outputPlace(flags.predictionsCsv, context.cwd());
    const replaces = flags.overwrite === true;
    if (csv === output) throw outputExists(csv, 'is the merged file too', 'Choose another --predictions-csv');
    await expectFree(output, { files, replaces, flag: '--output' });
    if (replaces) await expectNoRun(output);
    if (csv !== null) await expectFree(csv, { files, replaces, flag: '--predictions-csv' });
    const path = isStoreUri(output) ? join(await makeFolder(), 'merged.jsonl') : output;
    const merged = await mergeResults({
      ...{ files, output: path, replaces, rows, signal: stop.signal },
      keep: flags.keep ?? null,
      allowsHoles: flags.allowHoles === true,
      allowsMixed: flags.allowMixed === true,
      onInvalidLine: (fault) => {
        invalidLineNotes.say(foreignLine(fault));
      },
      report: (done) => {
        notes?.status(`${done} rows merged`);
      },
    }).catch((thrown: unknown) => {
      /* A file that appeared during the merge is treated as one that was there before. */
      if (!isRefineError(thrown) || thrown.code !== 'OUTPUT_TAKEN') throw thrown;
      throw outputExists(output, 'was written by another program meanwhile', 'Give --overwrite, or another --output');
    });
    /* A merge may take long: an object that appeared meanwhile is not replaced either. */
    if (isStoreUri(output)) {
      await expectFree(output, { files, replaces, flag: '--output' });
      await uploadObject(output, path);
    }
    if (csv !== null) {
      const csvPath = isStoreUri(csv) ? join(await makeFolder(), 'predictions.csv') : csv;
      await writePredictionsCsv(path, csvPath, replaces);
      if (isStoreUri(csv)) await uploadObject(csv, csvPath);
    }
    notes?.status(null);
    notes?.write(summaryText(merged, files.length));
    const { summary, doubles, holes } = merged;
    context.stdout.write(
      flags.json === true ? `${JSON.stringify({ results: output, summary, doubles, holes })}\n` : `${output}\n`,
    );
  } finally {
    context.stderr.status(null);
    invalidLineNotes.end();
    stop.release();
    const folder = await (scratch as Promise<string> | null)?.catch(() => null);
    if (folder != null) await rm(folder, { recursive: true, force: true });
  }
};

const outputOf = (files: readonly ResultFile[], { output }: MergeFlags, cwd: string): string => {
  const given = outputPlace(output, cwd);
  if (given !== null) return given;
  const folder = commonFolder(files);
  if (folder !== null) return `${folder}results.jsonl`;
  throw new RefineError(
    'USAGE_CONFLICT',
    'Expected --output, since the results are in several folders. Give the file to write: -o results.jsonl.',
  );
};

/** @throws OUTPUT_EXISTS STORE_* before a line is read */
const expectFree = async (
  place: string,
  { files, replaces, flag }: { files: readonly ResultFile[]; replaces: boolean; flag: string },
): Promise<void> => {
  const another = `Give --overwrite, or another ${flag}`;
  if (/^\.sdxl-refine/i.test(basename(place)))
    throw outputExists(place, 'has a name that runs use for their own records', 'Choose another name');
  if (isStoreUri(place)) {
    if (files.some(({ shown }) => shown === place)) throw outputExists(place, IS_RESULT, `Choose another ${flag}`);
    const { key, ...bucket } = parseObjectUri(place);
    const isThere = await (await bucketOf({ ...bucket, key })).has(key);
    if (isThere && !replaces) throw outputExists(place, 'exists', another);
    return;
  }
  const identity = await fileIdentity(place);
  if (identity === null) return;
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0 && (await fileIdentity(only.path)) === identity)
    throw nothingToMerge(place);
  for (const { path } of files)
    if ((await fileIdentity(path)) === identity) throw outputExists(place, IS_RESULT, `Choose another ${flag}`);
  if ((await stat(place)).isDirectory()) throw outputExists(place, 'is a folder', 'Name a file in it');
  if (!replaces) throw outputExists(place, 'exists', another);
};

/**
 * Merged results that a run without --shard went on with are newer than the parts.
 * @throws OUTPUT_OTHER_RUN STORE_*
 */
const expectNoRun = async (output: string): Promise<void> => {
  if (basename(output) !== 'results.jsonl') return;
  if (isStoreUri(output)) {
    const { key, ...bucket } = parseObjectUri(output);
    const state = `${key.slice(0, -'results.jsonl'.length)}${remoteNames('').state}`;
    const store = await bucketOf({ ...bucket, key });
    if (!(await store.has(key)) || !(await store.has(state))) return;
  } else if (!(await exists(output)) || !(await exists(stateFile(dirname(output), '')))) return;
  throw new RefineError(
    'OUTPUT_OTHER_RUN',
    `Expected merged results to replace at ${output}, found those of a run without --shard: they may be newer than the parts. Give -o with another name. If the parts are newer, remove ${output}, and merge again.`,
    { context: { path: output } },
  );
};

const nothingToMerge = (place: string): RefineError =>
  new RefineError(
    'OUTPUT_EXISTS',
    `${place} is one file already: there are no parts to merge. For a copy of it, give -o with another name.`,
    { context: { path: place } },
  );

const IS_RESULT = 'is one of the results';

const outputExists = (place: string, what: string, remedy: string): RefineError =>
  new RefineError('OUTPUT_EXISTS', `Expected no file at the output ${place}: it ${what}. ${remedy}.`, {
    context: { path: place },
  });

const summaryText = ({ summary, doubles, holes }: Merged, files: number): string => {
  const counts = Object.entries({ ok: summary.ok, failed: summary.failed, blocked: summary.blocked });
  const texts = counts.filter(([, count]) => count > 0).map(([status, count]) => `${count} ${status}`);
  const lines = [
    ...holes.map((hole) => `Note: ${hole}`),
    ...(doubles > 0 ? [`Note: ${count(doubles, 'row')} ${doubles === 1 ? 'was' : 'were'} in several files`] : []),
    `${count(summary.rows, 'row')} of ${count(files, 'file')}: ${texts.join(', ')}`,
  ];
  return `${lines.join('\n')}\n`;
};
