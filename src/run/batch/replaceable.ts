/** Finds the files in the output folder that a run may replace: only those of earlier runs there. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { listSome, RefineError } from '../../errors.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { createNameSet, listedOutputs, type NameSet } from '../results/listed-outputs.js';
import type { RunState } from '../results/run-state.js';
import { markOfFile, readNotedMarks } from '../results/written-files.js';
import { outputsOf } from './check-outputs.js';
import { expectInside } from './expect-inside.js';
import { openSiblingOutputs } from './moved-rows.js';
import type { Shard } from '../results/results-path.js';

/** Names of outputs that may be replaced. */
export type Replaceable = Pick<NameSet, 'has'>;

export const NOTHING: Replaceable = { has: () => false };
/** For --overwrite. */
export const ALL: Replaceable = { has: () => true };

export interface ReplaceableOptions {
  outputFolder: string;
  resultsPath: string;
  part: string;
  /** null: a whole run. */
  shard: Shard | null;
  state: Partial<RunState> | null;
  rows: AsyncIterable<Row | InvalidRow>;
  /** Whether this run continues the previous one, and may replace its files that have no line. */
  continues: boolean;
  /** Named in the message. */
  flag: '--resume' | '--append';
}

/** Names listed in the message; the others are counted. */
const NAMED = 3;
/** Unlisted files looked up at a time. */
const AT_ONCE = 1000;

/**
 * Checks on disk the names that no line lists. Memory: some bytes per name.
 * @throws OUTPUT_EXISTS for existing files that no known run wrote, OUTPUT_UNWRITABLE if links lead out of the folder
 */
export const findReplaceable = async (options: ReplaceableOptions): Promise<Replaceable> => {
  const { outputFolder, resultsPath, shard, state, rows, continues, flag } = options;
  const names = createNameSet();
  for await (const name of listedOutputs(resultsPath)) names.add(name);
  const foreign = { first: [] as string[], count: 0 };
  const refuse = (name: string): void => {
    if (foreign.count++ < NAMED) foreign.first.push(name);
  };
  const before = continues && state?.isFinished === false ? (state.overwritesBefore ?? -Infinity) : -Infinity;
  /* A row that was of another shard keeps its picture's name. Nothing that is appended replaces a picture. */
  const siblings = shard !== null && flag === '--resume' ? openSiblingOutputs(outputFolder, shard) : null;
  let unknown: string[] = [];
  const lookUp = async (): Promise<void> => {
    const others: string[] = [];
    for (const name of unknown) {
      if (await siblings?.has(name)) names.add(name);
      else others.push(name);
    }
    for (const [name, isKnown] of await lookUpWritten(others, options)) {
      if (isKnown) names.add(name);
      else refuse(name);
    }
    unknown = [];
  };
  try {
    for await (const row of rows) {
      if ('error' in row) continue;
      for (const name of outputsOf(row)) {
        await expectInside(outputFolder, name);
        if (names.has(name)) continue;
        const stats = await lstat(join(outputFolder, name)).catch(() => null);
        if (stats === null) continue;
        /* A folder or pipe is never replaced: its row fails, and the run continues. */
        if (!stats.isFile() && !stats.isSymbolicLink()) continue;
        if (stats.ctimeMs <= before) names.add(name);
        else if (!continues || !stats.isFile()) refuse(name);
        else unknown.push(name);
        if (unknown.length >= AT_ONCE) await lookUp();
      }
    }
    await lookUp();
  } finally {
    siblings?.close();
  }
  if (foreign.count > 0) throw unlistedFilesError(options, foreign);
  return names;
};

/** Whether the folder's runs wrote the files of these names. */
const lookUpWritten = async (
  names: readonly string[],
  { outputFolder, part, state }: ReplaceableOptions,
): Promise<(readonly [string, boolean])[]> => {
  if (names.length === 0) return [];
  const marks = new Map<string, string>();
  /* Unreadable files have no mark. */
  for (const name of names) marks.set(name, await markOfFile(name, join(outputFolder, name)).catch(() => ''));
  const wanted = new Set(marks.values());
  const known = new Set(state?.written?.filter((mark) => wanted.has(mark)));
  for await (const mark of readNotedMarks(outputFolder, part)) if (wanted.has(mark)) known.add(mark);
  return names.map((name) => [name, known.has(marks.get(name) ?? '')]);
};

const unlistedFilesError = (
  { outputFolder, flag }: ReplaceableOptions,
  { first, count }: { first: readonly string[]; count: number },
): RefineError => {
  const isSingle = count === 1;
  const replaces = flag === '--resume' ? 'replaces only files that runs in this folder wrote' : 'replaces nothing';
  return new RefineError(
    'OUTPUT_EXISTS',
    `Expected only outputs of earlier runs, found ${listSome(first, NAMED, count)} in ${outputFolder}, which the results do not list: ${flag} ${replaces}. Move ${isSingle ? 'it' : 'them'}, choose other names for the rows (key output), or another --output-dir.`,
    { context: { folder: outputFolder, count } },
  );
};
