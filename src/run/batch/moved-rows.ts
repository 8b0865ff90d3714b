/** Rows that are of another shard now, because their pictures' paths changed: their old shard lets go of their lines. */
import type { InvalidRow, Row } from '../../records/row.js';
import { createNameTable, keyOf, type NameKey } from '../../io/files/name-table.js';
import type { EarlierResults } from '../results/earlier-results.js';
import { listedOutputs } from '../results/listed-outputs.js';
import { partOf, resultsPathOf, type Shard } from '../results/results-path.js';
import { outputsOf } from './check-outputs.js';
import { siblingResults } from './other-shardings.js';
import { shardOfRow } from './shard.js';

export interface MovedRows {
  /** Files whose lines are no longer needed. */
  left: number;
  /** Files whose lines stay, since their new shard does not list them yet. */
  awaited: number;
}

/**
 * Takes the files of rows of other shards: at once if no other shard has results in this folder, else once the row's shard lists the
 * file, so that it is listed at any time. Call when all rows of this shard have ended.
 *
 * @param rows of all shards
 * @throws OUTPUT_UNWRITABLE if another shard's results cannot be read
 */
export const takeMoved = async (
  rows: () => AsyncIterable<Row | InvalidRow>,
  { shard, outputFolder, earlier }: { shard: Shard; outputFolder: string; earlier: EarlierResults },
): Promise<MovedRows> => {
  const moved = { left: 0, awaited: 0 };
  if (earlier.untaken === 0) return moved;
  const siblings = await siblingResults(outputFolder, shard);
  const listed = createNameTable();
  try {
    for (const sibling of siblings) {
      for await (const name of outputsOfShard(outputFolder, sibling)) listed.set(placeOf(sibling.index, name), 0);
    }
    for await (const row of rows()) {
      if (earlier.untaken === 0) break;
      if ('error' in row) continue;
      const index = shardOfRow(row, shard.count);
      if (index === shard.index) continue;
      for (const name of outputsOf(row)) {
        if ((await earlier.findOutput(name)) === null) continue;
        if (siblings.length > 0 && listed.get(placeOf(index, name)) === undefined) moved.awaited++;
        else {
          earlier.take(name);
          moved.left++;
        }
      }
    }
  } finally {
    listed.close();
  }
  return moved;
};

/** Key of a file among those of a shard. An output's name has no line end. */
const placeOf = (index: number, name: string): NameKey => keyOf(`${index}\n${name}`);

/** Files that other shards list: a row that is of this shard now may replace them. */
export interface SiblingOutputs {
  has(name: string): Promise<boolean>;
  close(): void;
}

/** Reads the results of the other shards in the folder when it is first asked. `has` throws OUTPUT_UNWRITABLE if that fails */
export const openSiblingOutputs = (outputFolder: string, shard: Shard): SiblingOutputs => {
  const listed = createNameTable();
  let reading: Promise<void> | null = null;
  const read = async (): Promise<void> => {
    for (const sibling of await siblingResults(outputFolder, shard)) {
      for await (const name of outputsOfShard(outputFolder, sibling)) listed.set(keyOf(name), 0);
    }
  };
  return {
    has: async (name) => {
      await (reading ??= read());
      return listed.get(keyOf(name)) !== undefined;
    },
    close: () => {
      listed.close();
    },
  };
};

const outputsOfShard = (outputFolder: string, shard: Shard): AsyncIterable<string> =>
  listedOutputs(resultsPathOf({ outputFolder, part: partOf(shard) }));
