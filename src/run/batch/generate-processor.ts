/**
 * The row processor of `generate`: runs each row through the base model, then through the refiner. If memory fits one model at
 * a time, rows run in chunks: a whole chunk through the base model, then through the refiner.
 */
import { createHash } from 'node:crypto';
import { createRunner, type RunnerOptions } from '../engine/create-runner.js';
import type { RefineOptions } from '../engine/engine.js';
import type { EngineInfo } from '../engine/protocol.js';
import { expectUnetForms, type MaxCacheDepth } from '../../records/unet-forms.js';
import { addCalls, type GenerateJob, type RefineReply, type UnetCalls } from '../../records/job.js';
import { failRowOnError, type ReadyRow } from './begin-row.js';
import { addWork, countWork, type UnetWork } from './count-calls.js';
import { inspectModel, expectModelKind, withoutPrecision, type InspectedModel } from './inspect-model.js';
import { openStageHandoff } from './stage-handoff.js';
import { noiseJob } from './prepare-row.js';
import { planGeneration, type GenerationPlan, type PlannedStage, type SchedulerConfigs } from './plan-generation.js';
import { hasRoomForBoth, type Residency } from './model-residency.js';
import { chunksOf, mapWithReadAhead, readAheadFor } from './async-rows.js';
import type { BegunRow, EndedRow, ProcessorContext, ProcessorInfo, RowProcessor } from './row-processor.js';

export interface GenerateProcessorOptions {
  base: RunnerOptions;
  /** null for the base model alone. */
  refiner: RunnerOptions | null;
  resident: Residency;
  /** Folder of the base model's latents until the refiner reads them. */
  handoffFolder: string;
  /** Whether latents of an earlier run are reused. */
  resumes: boolean;
}

/** Rows of a chunk. Opening a full-size model takes about as long as one row. */
const CHUNK_ROWS = 64;

/** A row whose base stage has finished and is stored on disk. */
interface BaseStageRow {
  kind: 'base-done';
  ready: ReadyRow;
  plan: GenerationPlan;
  key: string;
  durationMs: number;
  /** Of the base model; absent: an earlier run did it. */
  unetCalls?: UnetCalls | undefined;
  engineMs?: number | undefined;
}

export const createGenerateProcessor = (options: GenerateProcessorOptions): RowProcessor => {
  const base = createRunner(options.base);
  const refiner = options.refiner === null ? null : createRunner(options.refiner);
  const files = openStageHandoff(options.handoffFolder);
  let schedulerConfigs: SchedulerConfigs;
  let maxDepths: Partial<Record<'base' | 'refiner', MaxCacheDepth | undefined>> = {};
  let isBothResident = true;
  /** `open` is called more than once, and free memory differs after the first call. */
  let opened: ProcessorInfo | undefined;

  /** @throws MODEL_* WEIGHTS_* before anything is opened */
  const inspectModels = async (): Promise<{ base: InspectedModel; refiner: InspectedModel | null }> => {
    const baseModel = await inspectModel(options.base.model);
    expectModelKind(baseModel, 'base', options.base.modelName);
    if (options.refiner === null) return { base: baseModel, refiner: null };
    const refinerModel = await inspectModel(options.refiner.model, options.refiner.loras);
    expectModelKind(refinerModel, 'refiner', options.refiner.modelName);
    return { base: baseModel, refiner: refinerModel };
  };

  /** Opening the refiner matches its adapters, so that their errors are reported before the base model runs. */
  const openRefiner = async (signal: AbortSignal): Promise<Partial<EngineInfo>> => {
    const { loras = [], embeddings = [] } = options.refiner ?? {};
    if (refiner === null || loras.length + embeddings.length === 0) return {};
    const info = await refiner.open(signal);
    refiner.close();
    return info;
  };

  const open = async (signal: AbortSignal): Promise<ProcessorInfo> => {
    if (opened !== undefined) return opened;
    const inspected = await inspectModels();
    const refinerInfo = await openRefiner(signal);
    const info = await base.open(signal);
    const bytes = inspected.base.bytes + (inspected.refiner?.bytes ?? 0);
    isBothResident = inspected.refiner === null || hasRoomForBoth(options.resident, bytes, info.device);
    maxDepths = { base: info.maxCacheDepth, refiner: inspected.refiner?.maxCacheDepth };
    schedulerConfigs = { base: info.schedulerConfig, refiner: inspected.refiner?.schedulerConfig ?? null };
    const digests = [info.modelDigest, inspected.refiner?.digest ?? null];
    opened = {
      ...info,
      warnings: [...(info.warnings ?? []), ...(refinerInfo.warnings ?? [])],
      loraDigests: { ...refinerInfo.loraDigests, ...info.loraDigests },
      /* A LoRA is left out only if it fits neither model. */
      lorasLeftOut:
        options.refiner === null
          ? (info.lorasLeftOut ?? {})
          : failedInBoth(info.lorasLeftOut, refinerInfo.lorasLeftOut),
      model: (options.refiner ?? options.base).modelName,
      baseModel: options.base.modelName,
      modelDigest: digestOf(digests),
      modelsDigest: digestOf([withoutPrecision(info.modelDigest), digests[1] ?? null]),
    };
    return opened;
  };

  const optionsOf = (
    { row }: ReadyRow,
    stage: 'base' | 'refiner',
    { signal, watch, report }: ProcessorContext,
  ): RefineOptions => ({
    signal,
    ...(watch === undefined ? {} : { watch }),
    onStep: (step, steps) => {
      report({ kind: 'step', rowIndex: row.index, copy: row.generation?.copy ?? 0, stage, step, steps });
    },
  });

  const planOf = ({ row, prepared }: ReadyRow): GenerationPlan =>
    planGeneration(row, prepared.job as GenerateJob, schedulerConfigs);

  /** Runs the base stage of a row: to its result, or to a handoff file for the refiner. */
  const runBaseStage = async (ready: ReadyRow, context: ProcessorContext): Promise<BaseStageRow | EndedRow> => {
    const plan = planOf(ready);
    const { job } = plan.base;
    const start = performance.now();
    const run = (): Promise<RefineReply> => base.refine(job, optionsOf(ready, 'base', context));
    const elapsed = (): number => Math.round(performance.now() - start);
    if (plan.refiner === null) return { kind: 'refined', ready, reply: await run(), durationMs: elapsed() };
    /* The digest includes output and refiner settings, so that no two rows share a file. */
    const key = ready.digest;
    if (options.resumes && (await files.has(key, job))) return { kind: 'base-done', ready, plan, key, durationMs: 0 };
    if (!isBothResident) refiner?.close();
    const reply = await run();
    await files.write(key, reply);
    return {
      kind: 'base-done',
      ready,
      plan,
      key,
      durationMs: elapsed(),
      unetCalls: reply.unetCalls,
      engineMs: reply.engineMs,
    };
  };

  const refineFromHandoff = async (
    { ready, plan, key, durationMs, unetCalls: ofBase, engineMs: baseMs = 0 }: BaseStageRow,
    context: ProcessorContext,
  ): Promise<EndedRow> => {
    if (refiner === null || plan.refiner === null) throw new Error('a row was handed off without a refiner');
    const start = performance.now();
    const { input, latents } = await files.read(key, plan.base.job);
    if (!isBothResident) base.close();
    const reply = await refiner.refine({ ...plan.refiner.job, input }, optionsOf(ready, 'refiner', context));
    await files.remove(key);
    const { unetCalls, ...rest } = reply;
    const whole: RefineReply = {
      ...rest,
      scheduler: plan.base.scheduler,
      refinerScheduler: reply.scheduler,
      stepsRun: plan.base.steps + reply.stepsRun,
      ...(reply.engineMs === undefined ? {} : { engineMs: baseMs + reply.engineMs }),
      ...(ofBase === undefined || unetCalls === undefined ? {} : { unetCalls: addCalls(ofBase, unetCalls) }),
      ...(latents === null || !plan.base.job.keepLatents ? {} : { latents }),
    };
    return { kind: 'refined', ready, reply: whole, durationMs: durationMs + Math.round(performance.now() - start) };
  };

  return {
    reads: [...base.reads, ...(refiner?.reads ?? [])],
    slots: () => base.slots,
    open,
    countCalls(row) {
      if (row.source.kind !== 'noise') throw new Error(`a row of generate begins with a ${row.source.kind}`);
      const { base: first, refiner: second } = planGeneration(row, noiseJob(row, row.source), schedulerConfigs);
      const workOf = (stage: 'base' | 'refiner', { steps, order, job }: PlannedStage): UnetWork => {
        const most = maxDepths[stage];
        if (most !== undefined) expectUnetForms(most, job.settings);
        return countWork(steps, order, job.settings);
      };
      const ofBase = workOf('base', first);
      return second === null ? ofBase : addWork(ofBase, workOf('refiner', second));
    },
    async *run(rows, context) {
      const readAhead = readAheadFor(base.slots);
      if (!options.resumes) await files.removeAll();
      const runBase = (row: BegunRow): Promise<BaseStageRow | EndedRow> =>
        row.kind === 'ready' ? failRowOnError(row, () => runBaseStage(row, context)) : Promise.resolve(row);
      const endRow = (row: BaseStageRow | EndedRow): Promise<EndedRow> =>
        row.kind === 'base-done'
          ? failRowOnError(row.ready, () => refineFromHandoff(row, context))
          : Promise.resolve(row);
      const ended = isBothResident
        ? mapWithReadAhead(rows, readAhead, async (row) => endRow(await runBase(row)))
        : mapInChunks(rows, readAhead, runBase, endRow);
      for await (const row of ended) {
        const digest = failedDigest(row);
        /* For `--retry-failed`. */
        if (digest !== null) await files.keep(digest);
        yield row;
      }
      await files.close();
    },
    close() {
      base.close();
      refiner?.close();
    },
  };
};

/** Maps each chunk completely with `first`, then with `second`. */
async function* mapInChunks<Item, Between, Mapped>(
  items: AsyncIterable<Item>,
  readAhead: number,
  first: (item: Item) => Promise<Between>,
  second: (item: Between) => Promise<Mapped>,
): AsyncGenerator<Mapped> {
  for await (const chunk of chunksOf(items, CHUNK_ROWS)) {
    const between: Between[] = [];
    for await (const item of mapWithReadAhead(chunk, readAhead, first)) between.push(item);
    yield* mapWithReadAhead(between, readAhead, second);
  }
}

const digestOf = (digests: readonly (string | null)[]): string =>
  createHash('sha256').update(JSON.stringify(digests)).digest('hex');

const failedInBoth = (
  base: Readonly<Record<string, string>> = {},
  refiner: Readonly<Record<string, string>> = {},
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(base).flatMap(([name, why]) => (name in refiner ? [[name, `${why}; ${refiner[name]}`]] : [])),
  );

/** Digest of a row that failed, now or in an earlier run; else null. */
const failedDigest = (row: EndedRow): string | null => {
  if (row.kind === 'failed') return row.digest;
  return row.kind === 'done' && row.result.status === 'failed' ? row.result.digest : null;
};
