/** Plans a row of `generate` once the models are known: jobs and steps of base model and refiner. */
import { RefineError } from '../../errors.js';
import type { GenerateJob, RefineJob } from '../../records/job.js';
import type { Row } from '../../records/row.js';
import { rangeFromNoise } from '../../diffusion/schedulers/noise/handoff.js';
import { buildSchedule, configFor, type SchedulerConfig } from '../../diffusion/schedulers/registry.js';
import type { Schedule } from '../../diffusion/schedulers/scheduler.js';
import { stepRange } from '../../diffusion/schedulers/noise/step-range.js';

/** One model's part of a row. */
export interface PlannedStage<Job extends Pick<RefineJob, 'settings'> = Pick<RefineJob, 'settings'>> {
  job: Job;
  /** UNet calls. */
  steps: number;
  /** UNet calls of a step. */
  order: number;
}

export interface GenerationPlan {
  base: PlannedStage<GenerateJob> & { scheduler: string };
  /** null for the base model alone. */
  refiner: PlannedStage<Omit<RefineJob, 'input'>> | null;
}

/** The models' own schedulers. */
export interface SchedulerConfigs {
  base: SchedulerConfig;
  /** null for the base model alone. */
  refiner: SchedulerConfig | null;
}

/** @param job of `noiseJob` @param configs of the models' own schedulers @throws ROW_FIELD_INVALID */
export const planGeneration = (
  { generation, settings }: Pick<Row, 'generation' | 'settings'>,
  job: GenerateJob,
  configs: SchedulerConfigs,
): GenerationPlan => {
  const schedule = buildSchedule(configFor(settings.scheduler, configs.base), settings.steps, settings);
  const handoff = generation?.handoff ?? null;
  const end = handoff ?? settings.denoisingEnd;
  const range = rangeFromNoise(schedule, end, settings.steps);
  const base = { steps: range.end - range.begin, order: schedule.order, scheduler: schedule.name };
  const refiner = generation?.refiner ?? null;
  if (refiner === null || configs.refiner === null) return { base: { ...base, job }, refiner: null };

  const shared = handoff === null ? refiner : { ...refiner, scheduler: schedule.name };
  const refinerSchedule = buildSchedule(configFor(shared.scheduler, configs.refiner), shared.steps, shared);
  if (handoff !== null) expectOneSchedule(schedule, refinerSchedule);
  const part = stepRange(refinerSchedule, shared);
  const output = generation?.stageInput === 'picture' ? 'pixels' : 'latents';
  return {
    base: { ...base, job: { ...job, settings: { ...settings, denoisingEnd: end }, output, bitDepth: 8 } },
    refiner: {
      job: { settings: shared, output: job.output, bitDepth: job.bitDepth },
      steps: part.end - part.begin,
      order: refinerSchedule.order,
    },
  };
};

/** @throws ROW_FIELD_INVALID if the models' schedules differ: the refiner would get other noise levels than it expects */
const expectOneSchedule = (base: Schedule, refiner: Schedule): void => {
  const isSame = (a: Float32Array, b: Float32Array): boolean =>
    a.length === b.length && a.every((value, index) => value === b[index]);
  if (isSame(base.timesteps, refiner.timesteps) && isSame(base.sigmas, refiner.sigmas)) return;
  throw new RefineError(
    'ROW_FIELD_INVALID',
    `Expected base model and refiner to have the same schedule, found different ${base.name} (scheduler/scheduler_config.json): correct one, or choose --mode two-stage`,
  );
};
