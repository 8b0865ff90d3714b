/** What the names of results files, and the states of their runs, tell about them before a line is read. */
import { basename, dirname } from 'node:path';
import { listSome, RefineError } from '../../../errors.js';
import { readRunState } from '../run-state.js';
import { partOf } from '../results-path.js';
import type { ResultFile } from './result-file.js';

/** Reasons why rows may be missing: parts without a file, and runs that have not finished. As ends of sentences. */
export const gapsOf = async (files: readonly ResultFile[]): Promise<string[]> => {
  const shards = files.flatMap(({ shard }) => (shard === null ? [] : [shard]));
  const present = new Set(shards.map(({ index }) => index));
  const count = shards[0]?.count ?? 0;
  const absent: string[] = [];
  let absentCount = 0;
  for (let index = 1; index <= count; index++) {
    if (present.has(index)) continue;
    absentCount++;
    if (absent.length < 3) absent.push(`results-${index}-of-${count}.jsonl`);
  }
  const unfinished: string[] = [];
  for (const file of files) {
    const state = await readRunState(dirname(file.path), partOf(file.shard)).catch(() => null);
    if (state?.isFinished === false) unfinished.push(file.shown);
  }
  return [
    ...(absentCount > 0
      ? [`${listSome(absent, 3, absentCount)} ${absentCount === 1 ? 'is' : 'are'} not among the files`]
      : []),
    ...(unfinished.length > 0
      ? [
          `the ${unfinished.length === 1 ? 'run' : 'runs'} of ${listSome(unfinished)} ${unfinished.length === 1 ? 'has' : 'have'} not finished`,
        ]
      : []),
  ];
};

/** Refuses parts of different divisions, and runs that are known to be of other inputs. @throws MERGE_MIXED */
export const expectOneRun = async (files: readonly ResultFile[]): Promise<void> => {
  const divisions = new Map<string, ResultFile>();
  for (const file of files) {
    const division = file.shard === null ? 'a whole run' : `n = ${file.shard.count}`;
    if (!divisions.has(division)) divisions.set(division, file);
  }
  const [one, other] = [...divisions];
  if (one !== undefined && other !== undefined && files.some(({ shard }) => shard !== null)) {
    throw mixed(
      `the parts of one run, found ${one[1].shown} (${one[0]}) and ${other[1].shown} (${other[0]})`,
      'Name files with the same n',
    );
  }
  let first: { shown: string; inputs: string } | null = null;
  for (const file of files) {
    const state = await readRunState(dirname(file.path), partOf(file.shard)).catch(() => null);
    if (state?.inputs === undefined) continue;
    /* Machines may have the same manifest in different folders. */
    const inputs = state.inputs.map((place) => basename(place)).join(', ');
    first ??= { shown: file.shown, inputs };
    if (first.inputs !== inputs) {
      throw mixed(
        `results of the same inputs, found those of ${first.inputs} in ${first.shown} and of ${inputs} in ${file.shown}`,
        'Merge each run by itself',
      );
    }
  }
};

/** @param expected `… , found …` */
export const mixed = (expected: string, remedy: string): RefineError =>
  new RefineError('MERGE_MIXED', `Expected ${expected}. ${remedy}, or give --allow-mixed.`);
