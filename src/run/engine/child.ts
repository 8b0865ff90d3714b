/** The engine's child process, which owns the device: opens a model and runs jobs, one after the other. */
import { setImmediate as turn } from 'node:timers/promises';
import { isRefineError, toErrorRecord } from '../../errors.js';
import { deviceName, type Precision, type Target } from '../../onnx/graph/operators/target.js';
import { loadModel, type Model } from '../../diffusion/pipeline/load-model.js';
import { generate } from '../../diffusion/pipeline/generate.js';
import { once } from '../../diffusion/pipeline/once.js';
import { refine } from '../../diffusion/pipeline/refine.js';
import { applyAdapterWeights } from '../../diffusion/pipeline/apply-adapters.js';
import type { EngineJob, GenerateJob } from '../../records/job.js';
import type { EngineOptions, FromChild, ToChild } from './protocol.js';

let model: Model | undefined;
let float32Model: () => Promise<Model>;
let stopping = false;

/** Errors are ignored: if the parent has ended, 'disconnect' ends this process. */
const send = (message: FromChild): void => {
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
  float32Model = once(() => load('fp32'));
  const { schedulerConfig, precision, digest: modelDigest, warnings, adapters } = model;
  const isRefiner = model.timeIds === 'aesthetic-score';
  const openedInMs = Math.round(performance.now() - start);
  send({
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
      lorasLeftOut: adapters.skipped,
      openedInMs,
    },
  });
};

const isGenerate = (job: EngineJob): job is GenerateJob => job.input.kind === 'noise';

/** If the result is NaN or Inf in a lower precision, the job runs again in float32, with a second model. */
const run = async (job: EngineJob): Promise<void> => {
  if (model === undefined) throw new Error('a job came before the model was opened');
  stopping = false;
  try {
    await runOn(model, job);
  } catch (thrown) {
    const isOverflow = isRefineError(thrown) && thrown.code === 'INFERENCE_NON_FINITE' && model.precision !== 'fp32';
    if (!isOverflow) throw thrown;
    const inFloat32 = await float32Model().catch(() => {
      throw thrown;
    });
    await runOn(inFloat32, job);
  }
};

const runOn = async (opened: Model, job: EngineJob): Promise<void> => {
  const adapted = applyAdapterWeights(opened, job.settings.loraWeights);
  const steps = isGenerate(job) ? generate(adapted, job) : refine(adapted, job);
  for (;;) {
    const { done, value } = await steps.next();
    if (done === true) {
      send({ kind: 'refined', reply: { ...value, precision: opened.precision } });
      return;
    }
    send({ kind: 'progress', ...value });
    /* Lets the event loop handle messages between steps. */
    await turn();
    if (stopping) {
      send({ kind: 'stopped' });
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
    send({ kind: 'failed', error: toErrorRecord(thrown) });
  });
});
/* Ends with its parent, however that ended. */
process.on('disconnect', () => process.exit());
