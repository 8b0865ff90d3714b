/** The process that owns the device: opens a model, refines what it is asked, one job after the other. */
import { toErrorRecord } from '../errors.js';
import { loadModel, type Model } from '../pipeline/load-model.js';
import { refine } from '../pipeline/refine.js';
import type { RefineJob } from '../records.js';
import type { EngineOptions, FromChild, ToChild } from './protocol.js';

let model: Model | undefined;

const say = (message: FromChild): void => {
  process.send?.(message);
};

const open = async (options: EngineOptions): Promise<void> => {
  const start = performance.now();
  model = await loadModel(options.model);
  const { schedulerConfig, precision, digest: modelDigest } = model;
  const openedInMs = Math.round(performance.now() - start);
  say({
    kind: 'opened',
    info: { model: options.modelName, modelDigest, device: options.device, precision, schedulerConfig, openedInMs },
  });
};

const run = async (job: RefineJob): Promise<void> => {
  if (model === undefined) throw new Error('asked to refine before a model was opened');
  const steps = refine(model, job);
  for (;;) {
    const { done, value } = await steps.next();
    if (done === true) {
      say({ kind: 'refined', reply: value });
      return;
    }
    say({ kind: 'progress', ...value });
  }
};

process.on('message', (message: ToChild) => {
  const work = message.kind === 'open' ? open(message.options) : run(message.job);
  work.catch((thrown: unknown) => {
    say({ kind: 'failed', error: toErrorRecord(thrown) });
  });
});
/* A parent that is gone, however it went, takes its child along. */
process.on('disconnect', () => process.exit());
