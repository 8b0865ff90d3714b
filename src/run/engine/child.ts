/** The process that owns the device: opens a model, refines what it is asked, one job after the other. */
import { setImmediate as turn } from 'node:timers/promises';
import { isRefineError, toErrorRecord } from '../../errors.js';
import { deviceName, type Precision, type Target } from '../../onnx/graph/operators/target.js';
import { loadModel, type Model } from '../../diffusion/pipeline/load-model.js';
import { generate } from '../../diffusion/pipeline/generate.js';
import { once } from '../../diffusion/pipeline/once.js';
import { refine } from '../../diffusion/pipeline/refine.js';
import { weighModel } from '../../diffusion/pipeline/apply-adapters.js';
import type { EngineJob, GenerateJob } from '../../records/job.js';
import type { EngineOptions, FromChild, ToChild } from './protocol.js';

let model: Model | undefined;
let exactModel: () => Promise<Model>;
let stopping = false;

/** To a parent that is gone nothing can be said, and that is no error: 'disconnect' ends this process. */
const say = (message: FromChild): void => {
  process.send?.(message, () => undefined);
};

const open = async (options: EngineOptions, target: Target): Promise<void> => {
  const start = performance.now();
  const load = (precision: Precision): Promise<Model> =>
    loadModel(options.model, {
      target: { ...target, precision },
      vae: options.vae ?? null,
      vaeTiling: options.vaeTiling ?? 'auto',
      memory: options.memory ?? 'lean',
      loras: options.loras ?? [],
      embeddings: options.embeddings ?? [],
    });
  model = await load(target.precision);
  exactModel = once(() => load('fp32'));
  const { schedulerConfig, precision, digest: modelDigest, warnings, adapters } = model;
  const isRefiner = model.timeIds === 'aesthetic-score';
  const openedInMs = Math.round(performance.now() - start);
  say({
    kind: 'opened',
    info: {
      model: options.modelName,
      modelDigest,
      device: deviceName(target),
      precision,
      schedulerConfig,
      isRefiner,
      warnings,
      loraDigests: adapters.digests,
      lorasLeftOut: adapters.leftOut,
      openedInMs,
    },
  });
};

const isGenerate = (job: EngineJob): job is GenerateJob => job.input.kind === 'noise';

/** Numbers that the precision could not hold are computed once more in float32, by a second model beside the first. */
const run = async (job: EngineJob): Promise<void> => {
  if (model === undefined) throw new Error('asked to refine before a model was opened');
  stopping = false;
  try {
    await runOn(model, job);
  } catch (thrown) {
    const isTooSmall = isRefineError(thrown) && thrown.code === 'INFERENCE_NON_FINITE' && model.precision !== 'fp32';
    if (!isTooSmall) throw thrown;
    const exact = await exactModel().catch(() => {
      throw thrown;
    });
    await runOn(exact, job);
  }
};

const runOn = async (opened: Model, job: EngineJob): Promise<void> => {
  const weighed = weighModel(opened, job.settings.loraWeights);
  const steps = isGenerate(job) ? generate(weighed, job) : refine(weighed, job);
  for (;;) {
    const { done, value } = await steps.next();
    if (done === true) {
      say({ kind: 'refined', reply: { ...value, precision: opened.precision } });
      return;
    }
    say({ kind: 'progress', ...value });
    /* Lets a message in: steps alone would never give the event loop its turn. */
    await turn();
    if (stopping) {
      say({ kind: 'stopped' });
      return;
    }
  }
};

process.on('message', (message: ToChild) => {
  if (message.kind === 'stop') {
    stopping = true;
    return;
  }
  const work = message.kind === 'open' ? open(message.options, message.target) : run(message.job);
  work.catch((thrown: unknown) => {
    say({ kind: 'failed', error: toErrorRecord(thrown) });
  });
});
/* A parent that is gone, however it went, takes its child along. */
process.on('disconnect', () => process.exit());
