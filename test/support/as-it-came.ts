/** Rows of a picture, and an engine's place taken by one that gives every picture back as it came. */
import { NO_WORK } from '#src/run/batch/count-calls.js';
import { parseSchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import type { Row } from '#src/records/row.js';
import type { ProcessorInfo, RowProcessor } from '#src/run/batch/row-processor.js';
import { picture } from './batch.js';
import { plainSettings } from './settings.js';

export const rowOf = (index: number): Row => ({
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

export const asItCameInfo: ProcessorInfo = {
  ...{
    model: 'as-it-came',
    modelDigest: '0',
    modelsDigest: '0',
    device: 'cpu',
    precision: 'fp32',
    rejected: [],
    openedInMs: 0,
  },
  schedulerConfig: parseSchedulerConfig({ _class_name: scheduler }),
};

export const asItCame: RowProcessor = {
  open: () => Promise.resolve(asItCameInfo),
  slots: () => 1,
  countCalls: () => NO_WORK,
  async *run(rows) {
    for await (const ready of rows) {
      if (ready.kind === 'failed' || ready.kind === 'done') {
        yield ready;
        continue;
      }
      if (ready.kind !== 'ready' || ready.prepared.job.input.kind !== 'pixels') throw new Error('not as it should be');
      const { pixels } = ready.prepared.job.input;
      const { width, height } = pixels;
      const reply = { output: { kind: 'pixels', pixels }, stepsRun: 1, scheduler, width, height } as const;
      yield { kind: 'refined', ready, reply, durationMs: 1 };
    }
  },
  close: () => undefined,
};
