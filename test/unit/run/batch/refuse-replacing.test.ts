/** What --append may find finished: only rows whose picture the results list with the same digest. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '#src/run/batch/begin-row.js';
import { readRowInput } from '#src/run/batch/prepare-row.js';
import { refuseReplacing } from '#src/run/batch/refuse-replacing.js';
import { openEarlierResults } from '#src/run/results/earlier-results.js';
import { NO_SCREENING } from '#src/run/safety/screening.js';
import type { ResultRecord } from '#src/records/result.js';
import type { Row } from '#src/records/row.js';
import { rowOf } from '../../../support/as-it-came.js';
import { workFolder } from '../../../support/batch.js';
import { failedRecord, okRecord } from '../results/records.js';

const outputFolder = workFolder();
const resultsPath = join(outputFolder, 'results.jsonl');
const { signal } = new AbortController();
const digested = { modelDigest: '0', screening: NO_SCREENING };
const row = rowOf(0);
const changed: Row = { ...row, settings: { ...row.settings, guidanceScale: 3 } };
const digest = async (of: Row): Promise<string> => digestOf(of, (await readRowInput(of, signal)).identity, digested);
const ok = async (of: Row): Promise<ResultRecord> => ({ ...okRecord(of), digest: await digest(of) });
const failed = async (of: Row): Promise<ResultRecord> => ({ ...failedRecord(), digest: await digest(of) });

/** @param own lines of an append that was stopped */
const append = async (lines: readonly ResultRecord[], own: readonly ResultRecord[] = []): Promise<void> => {
  const write = (records: readonly ResultRecord[]): void => {
    writeFileSync(resultsPath, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  };
  write(lines);
  const base = statSync(resultsPath).size;
  write([...lines, ...own]);
  const earlier = await openEarlierResults(resultsPath);
  try {
    const rows = (async function* () {
      yield await Promise.resolve(changed);
    })();
    await refuseReplacing(rows, { ...digested, resultsPath, outputFolder, base, earlier, signal });
  } finally {
    await earlier.close();
  }
};

it('a failure with the row’s digest does not make the picture of other settings the row’s own', async () => {
  await expect(append([await failed(changed), await ok(row)])).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
  await expect(append([await ok(row), await failed(changed)])).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
});

it('takes the row’s own picture for its own, also if it failed in an append that was stopped', async () => {
  await append([await ok(changed)]);
  await append([await ok(changed)], [await failed(changed)]);
});

it('a failed row without a picture is in nothing’s way', async () => {
  await append([await failed(changed)]);
});
