/** A run that a row's writing ends: what else is under way has ended too, before anyone else may have the folder. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseSchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import { RefineError } from '#src/errors.js';
import type { Row } from '#src/records/row.js';
import { runBatch } from '#src/run/batch/run-batch.js';
import type { RowProcessor } from '#src/run/batch/row-processor.js';
import { NO_SCREENING } from '#src/run/safety/screening.js';
import { picture, workFolder } from '../../../support/batch.js';
import { plainSettings } from '../../../support/settings.js';

const outputFolder = join(workFolder(), 'out');

const rowOf = (index: number): Row => ({
  index,
  rowNumberPerFile: index,
  inputName: 'rows',
  line: null,
  id: null,
  source: { kind: 'file', path: picture('square-64') },
  sourceText: 'a picture',
  settings: { ...plainSettings, prompt: 'x', negativePrompt: '', steps: 2, strength: 0.5 },
  fit: 'pad',
  output: `${index}.png`,
  encoding: { format: 'png', quality: null, bitDepth: 8, metadata: true },
  extra: {},
});

const scheduler = 'EulerDiscreteScheduler';

/** Gives every picture back as it came. */
const work: RowProcessor = {
  open: () =>
    Promise.resolve({
      ...{ model: 'as-it-came', modelDigest: '0', device: 'cpu', precision: 'fp32', rejected: [], openedInMs: 0 },
      schedulerConfig: parseSchedulerConfig({ _class_name: scheduler }),
    }),
  countSteps: () => 1,
  async *run(rows) {
    for await (const ready of rows) {
      if (ready.kind !== 'ready' || ready.prepared.job.input.kind !== 'pixels') throw new Error('not as it should be');
      const { pixels } = ready.prepared.job.input;
      const { width, height } = pixels;
      const reply = { output: { kind: 'pixels', pixels }, stepsRun: 1, scheduler, width, height } as const;
      yield { kind: 'refined', ready, reply, durationMs: 1 };
    }
  },
  close: () => undefined,
};

it('waits for the picture that is being written', async () => {
  mkdirSync(outputFolder);
  const full = new RefineError('OUTPUT_UNWRITABLE', 'the disk is full');
  const run = runBatch({
    rows: (async function* () {
      for (const index of [0, 1]) yield await Promise.resolve(rowOf(index));
    })(),
    work,
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
