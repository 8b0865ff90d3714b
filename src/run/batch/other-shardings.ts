/** Results of a run that was divided otherwise, in the output folder: of a whole run, or of another number of shards. */
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { listSome } from '../../errors.js';
import { type Shard, shardOfResults } from '../results/results-path.js';
import { otherRun } from './unclaimed-outputs.js';

const WHOLE = 'results.jsonl';
const RESULTS = /^results(?:-\d+(-of-\d+))?\.jsonl$/;

export interface Division {
  outputFolder: string;
  resultsPath: string;
  /** The run's part, '' for a whole run. */
  part: string;
}

/** Names of results files of a run with another --shard. */
export const findOtherShardings = async ({ outputFolder, resultsPath }: Omit<Division, 'part'>): Promise<string[]> => {
  const own = RESULTS.exec(basename(resultsPath))?.[1];
  return (await readdir(outputFolder)).filter((name) => RESULTS.test(name) && RESULTS.exec(name)?.[1] !== own);
};

/** The other shards of the same run that have results in the folder. */
export const siblingResults = async (outputFolder: string, { index: own, count }: Shard): Promise<Shard[]> => {
  const shards = (await readdir(outputFolder)).map(shardOfResults).filter((shard) => shard !== null);
  return shards.filter((shard) => shard.count === count && shard.index !== own);
};

/**
 * Shards of another count have other rows, so a run begins no results beside them. Merged results would list pictures that a shard
 * replaces, so a shard does not go on beside them either. A whole run may: with merged results it goes on with all shards' rows.
 * @param isBegun whether the run has results @param flag for the message
 * @throws OUTPUT_OTHER_RUN
 */
export const refuseOtherSharding = async (
  options: Division,
  { isBegun, flag }: { isBegun: boolean; flag: '--resume' | '--append' },
): Promise<void> => {
  const { outputFolder, part } = options;
  const others = await findOtherShardings(options);
  if (part !== '' && others.includes(WHOLE)) {
    throw otherRun(
      outputFolder,
      `Expected no ${WHOLE} beside the results of a shard, found one in ${outputFolder}, merged or of a run without --shard: it would not list what this run changes. Remove it, and merge again afterwards, or go on without --shard.`,
    );
  }
  if (isBegun || others.length === 0) return;
  throw otherRun(
    outputFolder,
    `Expected ${flag} to have the --shard of the earlier run, found ${listSome(others)} in ${outputFolder}, from a run with another --shard. Give the same --shard, or choose another --output-dir.`,
  );
};
