/** The engine's child process, which owns the device: opens a model and runs jobs. */
import { setImmediate as turn } from 'node:timers/promises';
import { isRefineError, messageOf, RefineError, toErrorRecord } from '../../errors.js';
import { deviceName, type Precision, type Target } from '../../onnx/graph/operators/target.js';
import { loadModel, type Model } from '../../diffusion/pipeline/load-model.js';
import { generate } from '../../diffusion/pipeline/generate.js';
import { onceOnly } from '../../diffusion/pipeline/once.js';
import { pauseRuns } from '../../diffusion/pipeline/pause-runs.js';
import { refine } from '../../diffusion/pipeline/refine.js';
import { applyAdapterWeights } from '../../diffusion/pipeline/apply-adapters.js';
import { LATENT_SCALE } from '../../records/picture.js';
import type { EngineJob, GenerateJob } from '../../records/job.js';
import type { Pause } from '../../onnx/runtime/before-runs.js';
import { CallQueue } from '../../onnx/runtime/call-queue.js';
import { batchSizeOn, OPENING, type EngineOptions, type FromChild, type ToChild } from './protocol.js';

let model: Model | undefined;
/** Its name in results. */
let device: string;
let float32Model: () => Promise<Model>;
const queue = new CallQueue();
const running = new Set<number>();
/** Those of them that end after their current step, run of a text encoder or strip of the VAE. */
const stopping = new Set<number>();

/** Errors are ignored: if the parent has ended, 'disconnect' ends this process. */
const send = (message: FromChild): void => {
  process.send?.(message, () => undefined);
};

const open = async (options: EngineOptions, target: Target): Promise<void> => {
  const start = performance.now();
  device = deviceName(target);
  const jobs = batchSizeOn(options.batchSize ?? 1, target);
  const load = (precision: Precision): Promise<Model> =>
    loadModel(options.model, {
      target: { ...target, precision },
      vae: options.vae ?? null,
      vaeTiling: options.vaeTiling ?? 'auto',
      memory: options.memory ?? 'lean',
      loras: options.loras ?? [],
      embeddings: options.embeddings ?? [],
      jobs,
      queue: jobs > 1 ? queue : null,
    });
  model = await load(target.precision);
  float32Model = onceOnly(() => load('fp32'));
  const { schedulerConfig, precision, digest: modelDigest, warnings, adapters } = model;
  const { maxCacheDepth } = model;
  const side = model.unet.config.sampleSize * LATENT_SCALE;
  const isRefiner = model.timeIds === 'aesthetic-score';
  const openedInMs = Math.round(performance.now() - start);
  send({
    kind: 'opened',
    id: OPENING,
    info: {
      model: options.modelName,
      modelDigest,
      device,
      precision,
      schedulerConfig,
      isRefiner,
      maxCacheDepth,
      side,
      warnings,
      loraDigests: adapters.digests,
      lorasLeftOut: adapters.skipped,
      openedInMs,
    },
  });
};

const isGenerate = (job: EngineJob): job is GenerateJob => job.input.kind === 'noise';

/** If the result is NaN or Inf in a lower precision, the job runs again in float32, with a second model. */
const run = async (id: number, job: EngineJob): Promise<void> => {
  const opened = model;
  if (opened === undefined) throw new Error('a job came before the model was opened');
  running.add(id);
  try {
    await queue.during(() => runOn(opened, id, job));
  } catch (thrown) {
    const isOverflow = isRefineError(thrown) && thrown.code === 'INFERENCE_NON_FINITE' && opened.precision !== 'fp32';
    if (!isOverflow) throw thrown;
    const inFloat32 = await float32Model().catch((cause: unknown) => {
      const message = `${thrown.message} In float32, which would hold the row, the model did not open: ${messageOf(cause)}`;
      throw new RefineError(thrown.code, message, { context: thrown.context, cause });
    });
    await queue.during(() => runOn(inFloat32, id, job));
  } finally {
    running.delete(id);
    stopping.delete(id);
  }
};

/** Thrown within a job that is to stop. */
const STOPPED = new Error('stopped');

const runOn = async (opened: Model, id: number, job: EngineJob): Promise<void> => {
  /** Lets the event loop handle messages. */
  const pause = async (): Promise<void> => {
    await turn();
    if (stopping.has(id)) throw STOPPED;
  };
  try {
    await refineOn(pauseRuns(applyAdapterWeights(opened, job.settings.loraWeights), pause), { id, job, pause });
  } catch (thrown) {
    if (thrown !== STOPPED) throw thrown;
    send({ kind: 'stopped', id });
  }
};

const refineOn = async (
  opened: Model,
  { id, job, pause }: { id: number; job: EngineJob; pause: Pause },
): Promise<void> => {
  const start = performance.now();
  const steps = isGenerate(job) ? generate(opened, job) : refine(opened, job);
  for (;;) {
    const { done, value } = await steps.next();
    if (done === true) {
      send({
        kind: 'refined',
        id,
        reply: { ...value, precision: opened.precision, device, engineMs: performance.now() - start },
      });
      return;
    }
    send({ kind: 'progress', id, ...value });
    await pause();
  }
};

process.on('message', (message: ToChild) => {
  if (message.kind === 'stop') {
    if (running.has(message.id)) stopping.add(message.id);
    return;
  }
  const [id, work] =
    message.kind === 'open'
      ? [OPENING, open(message.options, message.target)]
      : [message.id, run(message.id, message.job)];
  work.catch((thrown: unknown) => {
    send({ kind: 'failed', id, error: toErrorRecord(thrown) });
  });
});
/* Ends with its parent, even if that crashed. */
process.on('disconnect', () => process.exit());
