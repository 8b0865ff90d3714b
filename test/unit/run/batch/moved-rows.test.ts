/** Rows of another shard: when their old shard lets go of their lines, and which pictures their new shard may replace. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSiblingOutputs, takeMoved, type MovedRows } from '#src/run/batch/moved-rows.js';
import { shardOf } from '#src/run/batch/shard.js';
import { openEarlierResults } from '#src/run/results/earlier-results.js';
import type { Row } from '#src/records/row.js';
import { rowOf } from '../../../support/as-it-came.js';
import { workFolder } from '../../../support/batch.js';
import { okRecord } from '../results/records.js';

const folder = workFolder();
let places = 0;
/** @param shards outputs that each lists, by its part */
const place = (shards: Record<string, readonly string[]>): string => {
  const outputFolder = join(folder, String(places++));
  mkdirSync(outputFolder);
  for (const [part, outputs] of Object.entries(shards)) {
    const lines = outputs.map((output) => `${JSON.stringify(okRecord({ output }))}\n`);
    writeFileSync(join(outputFolder, `results-${part}.jsonl`), lines.join(''));
  }
  return outputFolder;
};
/** Rows of shards 2 and 3 of 3. */
const rows = [1, 2].map((shard): Row => {
  let at = 0;
  while (shardOf(`${at}.png`, 3) !== shard) at++;
  return { ...rowOf(shard), sourceText: `${at}.png`, output: `${shard + 1}.png` };
});
const shard = { index: 1, count: 3 };

const take = async (outputFolder: string): Promise<MovedRows & { untaken: number }> => {
  const earlier = await openEarlierResults(join(outputFolder, 'results-1-of-3.jsonl'));
  const all = async function* () {
    for (const row of rows) yield await Promise.resolve(row);
  };
  try {
    const moved = await takeMoved(all, { shard, outputFolder, earlier });
    return { ...moved, untaken: earlier.untaken };
  } finally {
    await earlier.close();
  }
};

it('lets go at once where each shard has its own folder', async () => {
  /* Results of another division are no other shard's. */
  const outputFolder = place({ '1-of-3': ['2.png', '3.png'], '1-of-2': ['2.png'] });
  expect(await take(outputFolder)).toEqual({ left: 2, awaited: 0, untaken: 0 });
});

it('waits in a common folder until the row’s shard lists the picture', async () => {
  const lists = { '1-of-3': ['2.png', '3.png', 'gone.png'], '2-of-3': ['other.png'] };
  expect(await take(place(lists))).toEqual({ left: 0, awaited: 2, untaken: 3 });
  /* Shard 2 has the picture of the row that is of shard 3 now. */
  expect(await take(place({ ...lists, '2-of-3': ['2.png', '3.png'] }))).toEqual({ left: 1, awaited: 1, untaken: 2 });
});

it('knows the pictures of other shards of the same division', async () => {
  const outputFolder = place({ '1-of-3': ['own.png'], '2-of-3': ['2.png'], '2-of-4': ['4.png'] });
  const siblings = openSiblingOutputs(outputFolder, shard);
  try {
    const known = await Promise.all(['own.png', '2.png', '4.png'].map((name) => siblings.has(name)));
    expect(known).toEqual([false, true, false]);
  } finally {
    siblings.close();
  }
});
