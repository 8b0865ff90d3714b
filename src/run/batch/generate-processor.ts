/**
 * The work of `generate`: each row through the base model, and through the refiner after it. Where memory holds one model
 * at a time, the rows go in windows: all of a window through the one, then all of it through the other.
 */
import { createHash } from 'node:crypto';
import { Engine } from '../engine/engine.js';
import type { EngineInfo, EngineOptions } from '../engine/protocol.js';
import type { GenerateJob, RefineReply } from '../../records/job.js';
import { orFailed, type ReadyRow } from './begin-row.js';
import { examineModel, expectKind, type ModelFacts } from './examine-model.js';
import { handedOnFiles } from './stage-handoff.js';
import { noiseJob } from './prepare-row.js';
import { planGeneration, type GenerationPlan, type SchedulerConfigs } from './plan-generation.js';
import { hasRoomForBoth, type Resident } from './model-residency.js';
import { windowsOf } from './windows.js';
import type { EndedRow, Work, WorkContext } from './row-processor.js';
import type { WorkInfo } from './work-info.js';

export interface GenerateWorkOptions {
  base: EngineOptions;
  /** null: the base model works alone. */
  refiner: EngineOptions | null;
  resident: Resident;
  /** Where the base model's latents lie until the refiner takes them. */
  handedOnFolder: string;
  /** Takes what an earlier run left there. */
  resumes: boolean;
}

/** Rows that go through one model before the other is opened: opening takes about as long as a row of a full-size model. */
const WINDOW = 64;

/** A row whose base part is on the disk. */
interface DrawnRow {
  kind: 'drawn';
  ready: ReadyRow;
  plan: GenerationPlan;
  key: string;
  durationMs: number;
}

export const generateWork = (options: GenerateWorkOptions): Work => {
  const base = new Engine(options.base);
  const refiner = options.refiner === null ? null : new Engine(options.refiner);
  const files = handedOnFiles(options.handedOnFolder);
  let own: SchedulerConfigs;
  let isBothResident = true;
  /** Asked for more than once; the memory that is free is another after the first time. */
  let opened: WorkInfo | undefined;

  /** @throws MODEL_* WEIGHTS_* before anything is opened */
  const examine = async (): Promise<{ base: ModelFacts; refiner: ModelFacts | null }> => {
    const facts = await examineModel(options.base.model);
    expectKind(facts, 'base', options.base.modelName);
    if (options.refiner === null) return { base: facts, refiner: null };
    const others = await examineModel(options.refiner.model, options.refiner.loras);
    expectKind(others, 'refiner', options.refiner.modelName);
    return { base: facts, refiner: others };
  };

  /** Its adapters are matched when it is opened: what is wrong with them is told before rows are drawn for it. */
  const openRefiner = async (signal: AbortSignal): Promise<Partial<EngineInfo>> => {
    const { loras = [], embeddings = [] } = options.refiner ?? {};
    if (refiner === null || loras.length + embeddings.length === 0) return {};
    const info = await refiner.open(signal);
    refiner.close();
    return info;
  };

  const open = async (signal: AbortSignal): Promise<WorkInfo> => {
    if (opened !== undefined) return opened;
    const found = await examine();
    const second = await openRefiner(signal);
    const info = await base.open(signal);
    const bytes = found.base.bytes + (found.refiner?.bytes ?? 0);
    isBothResident = found.refiner === null || hasRoomForBoth(options.resident, bytes, info.device);
    own = { base: info.schedulerConfig, refiner: found.refiner?.schedulerConfig ?? null };
    const digests = [info.modelDigest, found.refiner?.digest ?? null];
    opened = {
      ...info,
      warnings: [...(info.warnings ?? []), ...(second.warnings ?? [])],
      loraDigests: { ...second.loraDigests, ...info.loraDigests },
      /* One that fits either model is applied there. */
      lorasLeftOut:
        options.refiner === null ? (info.lorasLeftOut ?? {}) : inBoth(info.lorasLeftOut, second.lorasLeftOut),
      model: (options.refiner ?? options.base).modelName,
      baseModel: options.base.modelName,
      modelDigest: createHash('sha256').update(JSON.stringify(digests)).digest('hex'),
    };
    return opened;
  };

  const onStep =
    ({ row }: ReadyRow, stage: 'base' | 'refiner', { report }: WorkContext) =>
    (step: number, steps: number): void => {
      report({ kind: 'step', rowIndex: row.index, copy: row.generation?.copy ?? 0, stage, step, steps });
    };

  const planOf = ({ row, prepared }: ReadyRow): GenerationPlan => planGeneration(row, prepared.job as GenerateJob, own);

  /** The base model's part of a row, to its end or onto the disk. */
  const draw = async (ready: ReadyRow, context: WorkContext): Promise<DrawnRow | EndedRow> => {
    const plan = planOf(ready);
    const { job } = plan.base;
    const start = performance.now();
    const run = (): Promise<RefineReply> =>
      base.refine(job, { signal: context.signal, onStep: onStep(ready, 'base', context) });
    const elapsed = (): number => Math.round(performance.now() - start);
    if (plan.refiner === null) return { kind: 'refined', ready, reply: await run(), durationMs: elapsed() };
    /* Unique: outputs are in it. Rows that differ in the refiner alone must not share a file. */
    const key = ready.digest;
    if (options.resumes && (await files.has(key, job))) return { kind: 'drawn', ready, plan, key, durationMs: 0 };
    if (!isBothResident) refiner?.close();
    await files.write(key, await run());
    return { kind: 'drawn', ready, plan, key, durationMs: elapsed() };
  };

  const refineDrawn = async ({ ready, plan, key, durationMs }: DrawnRow, context: WorkContext): Promise<EndedRow> => {
    if (refiner === null || plan.refiner === null) throw new Error('a row was handed on to no refiner');
    const start = performance.now();
    const { input, latents } = await files.read(key, plan.base.job);
    if (!isBothResident) base.close();
    const reply = await refiner.refine(
      { ...plan.refiner.job, input },
      { signal: context.signal, onStep: onStep(ready, 'refiner', context) },
    );
    await files.remove(key);
    const whole: RefineReply = {
      ...reply,
      scheduler: plan.base.scheduler,
      refinerScheduler: reply.scheduler,
      stepsRun: plan.base.steps + reply.stepsRun,
      ...(latents === null || !plan.base.job.keepLatents ? {} : { latents }),
    };
    return { kind: 'refined', ready, reply: whole, durationMs: durationMs + Math.round(performance.now() - start) };
  };

  return {
    reads: [...base.reads, ...(refiner?.reads ?? [])],
    open,
    countSteps(row) {
      if (row.source.kind !== 'noise') throw new Error(`a row of generate begins with a ${row.source.kind}`);
      const { base: first, refiner: second } = planGeneration(row, noiseJob(row, row.source), own);
      return first.steps + (second?.steps ?? 0);
    },
    async *run(rows, context) {
      if (!options.resumes) await files.removeAll();
      /* Latents of rows that fail serve `--retry-failed`. */
      const failed = new Set<string>();
      for await (const window of windowsOf(rows, isBothResident ? 1 : WINDOW)) {
        const drawn: (DrawnRow | EndedRow)[] = [];
        for (const row of window) {
          drawn.push(row.kind === 'ready' ? await orFailed(row, () => draw(row, context)) : row);
        }
        for (const row of drawn) {
          const ended = row.kind === 'drawn' ? await orFailed(row.ready, () => refineDrawn(row, context)) : row;
          const digest = failedDigest(ended);
          if (digest !== null) failed.add(digest);
          yield ended;
        }
      }
      await files.close(failed);
    },
    close() {
      base.close();
      refiner?.close();
    },
  };
};

const inBoth = (
  base: Readonly<Record<string, string>> = {},
  refiner: Readonly<Record<string, string>> = {},
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(base).flatMap(([name, why]) => (name in refiner ? [[name, `${why}; ${refiner[name]}`]] : [])),
  );

/** Of a row that failed, now or in an earlier run. */
const failedDigest = (row: EndedRow): string | null => {
  if (row.kind === 'failed') return row.digest;
  return row.kind === 'done' && row.result.status === 'failed' ? row.result.digest : null;
};
