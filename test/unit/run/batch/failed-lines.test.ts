/** A row that fails costs no result of an earlier run: its line stays as long as its picture. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runBatch, type BatchOutcome } from '#src/run/batch/run-batch.js';
import type { Row } from '#src/records/row.js';
import type { ResultRecord } from '#src/records/result.js';
import { openEarlierResults } from '#src/run/results/earlier-results.js';
import { openJournal, type Journal } from '#src/run/results/journal.js';
import { settleResults } from '#src/run/results/settle-results.js';
import { markOfFile, openWrittenFiles, type WrittenFiles } from '#src/run/results/written-files.js';
import { NO_SCREENING, type Screening } from '#src/run/safety/screening.js';
import { asItCame, rowOf } from '../../../support/as-it-came.js';
import { workFolder } from '../../../support/batch.js';

const folder = workFolder();
let runs = 0;
const place = (): string => {
  const outputFolder = join(folder, String(runs++));
  mkdirSync(outputFolder);
  return outputFolder;
};
const settings = rowOf(0).settings;
const away = (row: Row): Row => ({ ...row, source: { kind: 'file', path: '/not/there.png' } });
const broken = (row: Row): Row => {
  const path = join(folder, 'broken.png');
  writeFileSync(path, 'no picture');
  return { ...row, source: { kind: 'file', path } };
};

const BLOCKING: Screening = {
  ...NO_SCREENING,
  after: () => Promise.resolve([{ of: 'output', verdict: 'blocked', categories: [], blocklists: [] }]),
};

interface Ran {
  outcome: BatchOutcome;
  told: string[];
  results: ResultRecord[];
  untaken: number;
  synced: boolean[];
}

const run = async (
  outputFolder: string,
  rows: readonly Row[],
  appends = false,
  written?: WrittenFiles,
  blocks?: (name: string) => void,
): Promise<Ran> => {
  const path = join(outputFolder, 'results.jsonl');
  const earlier = await openEarlierResults(path, appends ? { from: Infinity } : {});
  const journal = await openJournal(path);
  const base = appends ? journal.begin : 0;
  const told: string[] = [];
  const synced: boolean[] = [];
  const watched: Journal = {
    ...journal,
    append: (record, options) => {
      synced.push(options?.isSynced !== false);
      return journal.append(record, options);
    },
  };
  try {
    const outcome = await runBatch({
      rows: (async function* () {
        for (const row of rows) yield await Promise.resolve(row);
      })(),
      work: asItCame,
      ...{ journal: watched, outputFolder, earlier, base, screening: blocks === undefined ? NO_SCREENING : BLOCKING },
      ...(blocks === undefined ? {} : { onUnlisted: blocks }),
      ...(written === undefined ? {} : { written }),
      ...{ retryFailed: false, replaceable: { has: () => true }, errorThreshold: -1, version: '0' },
      signal: new AbortController().signal,
      report: (event) => {
        if (event.kind === 'row') told.push(event.result.status);
      },
    });
    const { untaken } = earlier;
    await settleResults(path, {
      ...{ base, begin: journal.begin, isWhole: untaken === 0, knowsInputs: true },
      isDropped: () => false,
      beforeReplace: () => Promise.resolve(),
    });
    const text = readFileSync(path, 'utf8').trimEnd();
    return {
      outcome,
      told,
      results: text.split('\n').map((line) => JSON.parse(line) as ResultRecord),
      untaken,
      synced,
    };
  } finally {
    await journal.close();
    await earlier.close();
  }
};
const seen = ({ results }: Ran): unknown[] =>
  results.map((result) => [result.row_number_per_file, result.status, result.image_file_name]);
const OK = [
  [0, 'ok', '0.png'],
  [1, 'ok', '1.png'],
];

it('keeps the lines of rows whose inputs cannot be read for a while, at the rows’ present places', async () => {
  const outputFolder = place();
  const rows = [rowOf(0), rowOf(1)];
  expect(seen(await run(outputFolder, rows))).toEqual(OK);
  const moved = rows.map((row) => ({ ...away(row), rowNumberPerFile: row.rowNumberPerFile + 1 }));
  const without = await run(outputFolder, moved);
  expect(without.told).toEqual(['failed', 'failed']);
  expect(without.outcome).toMatchObject({ kept: 2, summary: { failed: 2 } });
  expect(seen(without)).toEqual([
    [1, 'ok', '0.png'],
    [2, 'ok', '1.png'],
  ]);
  const back = await run(outputFolder, rows);
  expect(back.outcome).toMatchObject({ takenOver: 2, refined: 0, kept: 0 });
  expect(seen(back)).toEqual(OK);
});

it('and of latents, too', async () => {
  const outputFolder = place();
  await run(outputFolder, [rowOf(0)]);
  const latents: Row = { ...rowOf(0), source: { kind: 'latents', path: '/not/there.safetensors' } };
  const without = await run(outputFolder, [latents]);
  expect([without.told, seen(without)]).toEqual([['failed'], OK.slice(0, 1)]);
});

it('a row that fails with another input or other settings has its failure and the result of its picture', async () => {
  const outputFolder = place();
  const rows = [rowOf(0), rowOf(1)];
  await run(outputFolder, rows);
  const [first, second] = rows as [Row, Row];
  const changed = [first, broken(second)];
  for (const turn of ['failed', 'not tried again']) {
    const ran = await run(outputFolder, changed);
    expect([turn, ran.told, ran.outcome.kept]).toEqual([turn, ['ok', 'failed'], 1]);
    expect(seen(ran)).toEqual([OK[0], [1, 'failed', null], OK[1]]);
  }
  const back = await run(outputFolder, rows);
  expect(back.outcome).toMatchObject({ takenOver: 2, refined: 0 });
  expect(seen(back)).toEqual(OK);
});

it('a row with another input, which cannot be read, has both lines too', async () => {
  const outputFolder = place();
  await run(outputFolder, [rowOf(0), rowOf(1)]);
  const renamed = [rowOf(0), { ...away(rowOf(1)), sourceText: 'another picture' }];
  for (const turn of ['failed', 'tried again']) {
    const ran = await run(outputFolder, renamed);
    expect([turn, ran.told, ran.outcome.kept]).toEqual([turn, ['ok', 'failed'], 1]);
    expect(seen(ran)).toEqual([OK[0], [1, 'failed', null], OK[1]]);
  }
  expect(seen(await run(outputFolder, [rowOf(0), rowOf(1)]))).toEqual(OK);
});

it('an append adds no failure of a row that is finished', async () => {
  const outputFolder = place();
  const rows = [rowOf(0), rowOf(1)];
  const [first, second] = rows as [Row, Row];
  await run(outputFolder, rows);
  const ran = await run(outputFolder, [away(first), second], true);
  expect(ran.told).toEqual(['failed', 'ok']);
  expect(seen(ran)).toEqual(OK);
  /* Another row that has its name by mistake. */
  const other = await run(outputFolder, [{ ...away(first), sourceText: 'another picture' }], true);
  expect(seen(other)).toEqual([...OK, [0, 'failed', null]]);
});

it('takes no line of a picture that no row has met', async () => {
  const outputFolder = place();
  await run(outputFolder, [rowOf(0), rowOf(1)]);
  const fewer = await run(outputFolder, [{ ...rowOf(0), settings: { ...settings, strength: 0.25 } }]);
  expect(fewer.untaken).toBe(1);
  expect(seen(fewer)).toEqual(OK);
});

it('takes no file for finished that a newer run wrote and lists', async () => {
  const outputFolder = place();
  const rows = [rowOf(0), rowOf(1)];
  const [first] = rows as [Row, Row];
  const before = await run(outputFolder, rows);
  /* Killed after its first row: not settled. */
  const path = join(outputFolder, 'results.jsonl');
  const journal = await openJournal(path);
  const newer = { ...before.results[0]!, digest: 'f'.repeat(64) };
  await journal.append(newer);
  await journal.close();
  const back = await run(outputFolder, rows);
  expect(back.outcome).toMatchObject({ takenOver: 1, refined: 1 });
  expect(back.results.map(({ digest }) => digest)).toEqual(before.results.map(({ digest }) => digest));
  expect(first.output).toBe('0.png');
});

it('compares the bytes of files that a killed run noted, without a line of them', async () => {
  const outputFolder = place();
  const rows = [rowOf(0), rowOf(1), rowOf(2)];
  await run(outputFolder, rows);
  const path = (row: number): string => join(outputFolder, `${row}.png`);
  const other = readFileSync(path(0)).reverse();
  const killed = await openWrittenFiles(outputFolder, '', []);
  /* Killed after the file had its name, before it had, and after its line. */
  writeFileSync(path(0), other);
  await killed.claim('0.png', other);
  await killed.claim('1.png', other);
  await killed.claim('2.png', readFileSync(path(2)));
  await killed.close(false);
  const written = await openWrittenFiles(outputFolder, '', []);
  expect((await run(outputFolder, rows, false, written)).outcome).toMatchObject({ takenOver: 2, refined: 1 });
  await written.close(true);
  expect(readFileSync(path(0)).equals(other)).toBe(false);
});

it('says which pictures of blocked rows the results list no longer, and knows them as the folder’s own', async () => {
  const outputFolder = place();
  const rows = [rowOf(0), rowOf(1)];
  await run(outputFolder, rows);
  const written = await openWrittenFiles(outputFolder, '', []);
  const unlisted: string[] = [];
  const changed = [rowOf(0), { ...rowOf(1), settings: { ...settings, strength: 0.25 } }];
  const ran = await run(outputFolder, changed, false, written, (name) => unlisted.push(name));
  expect(seen(ran)).toEqual([OK[0], [1, 'blocked', null]]);
  expect(unlisted).toEqual(['1.png']);
  expect(written.newest).toEqual([await markOfFile('1.png', join(outputFolder, '1.png'))]);
  await written.close(true);
});

it('waits for the disk only with new lines', async () => {
  const outputFolder = place();
  const rows = [rowOf(0), rowOf(1)];
  expect((await run(outputFolder, rows)).synced).toEqual([true, true]);
  expect((await run(outputFolder, [...rows, rowOf(2)])).synced).toEqual([false, false, true]);
});
