/** A run that a row's writing ends: what else is under way has ended too, before anyone else may have the folder. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RefineError } from '#src/errors.js';
import { runBatch } from '#src/run/batch/run-batch.js';
import { NO_SCREENING } from '#src/run/safety/screening.js';
import { asItCame, rowOf } from '../../../support/as-it-came.js';
import { workFolder } from '../../../support/batch.js';

const outputFolder = join(workFolder(), 'out');

it('waits for the picture that is being written', async () => {
  mkdirSync(outputFolder);
  const full = new RefineError('OUTPUT_UNWRITABLE', 'the disk is full');
  const run = runBatch({
    rows: (async function* () {
      for (const index of [0, 1]) yield await Promise.resolve(rowOf(index));
    })(),
    work: asItCame,
    journal: { begin: 0, append: () => Promise.reject(full), close: () => Promise.resolve() },
    outputFolder,
    earlier: null,
    base: 0,
    screening: {
      ...NO_SCREENING,
      /* The second picture takes its time. */
      after: ({ index }) => sleep(index * 500, []),
    },
    retryFailed: false,
    errorThreshold: -1,
    version: '0',
    signal: new AbortController().signal,
    report: () => undefined,
  });
  await expect(run).rejects.toBe(full);
  expect(readdirSync(outputFolder).sort()).toEqual(['0.png', '1.png']);
});
