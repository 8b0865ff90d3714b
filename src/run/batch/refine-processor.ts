/** The row processor of `batch`: runs each row on the engine. */
import type { JobRunner } from '../engine/engine.js';
import { buildSchedule, configFor, type SchedulerConfig } from '../../diffusion/schedulers/registry.js';
import { stepRange } from '../../diffusion/schedulers/noise/step-range.js';
import { expectUnetForms, type MaxCacheDepth } from '../../records/unet-forms.js';
import { failRowOnError } from './begin-row.js';
import { countWork } from './count-calls.js';
import { withoutPrecision } from './inspect-model.js';
import { mapWithReadAhead, readAheadFor } from './async-rows.js';
import type { BegunRow, EndedRow, RowProcessor } from './row-processor.js';

/** A base model is allowed (in diffusers, both stages can be one model), but often a mistake. */
const BASE_NOTICE =
  'Expected a refiner, found a base model: it has no aesthetic-score conditioning. A base model can refine, with different results.';

export const createRefineProcessor = (engine: JobRunner): RowProcessor => {
  let schedulerConfig: SchedulerConfig;
  let maxCacheDepth: MaxCacheDepth | undefined;
  return {
    reads: engine.reads,
    slots: () => engine.slots,
    async open(signal) {
      const info = await engine.open(signal);
      ({ schedulerConfig, maxCacheDepth } = info);
      const modelsDigest = withoutPrecision(info.modelDigest);
      const warnings = [...(info.warnings ?? []), ...(info.isRefiner === false ? [BASE_NOTICE] : [])];
      return { ...info, modelsDigest, warnings };
    },
    countCalls({ settings }) {
      const schedule = buildSchedule(configFor(settings.scheduler, schedulerConfig), settings.steps, settings);
      const { begin, end } = stepRange(schedule, settings);
      if (maxCacheDepth !== undefined) expectUnetForms(maxCacheDepth, settings);
      return countWork(end - begin, schedule.order, settings);
    },
    run(rows, { signal, watch, report }) {
      const refine = async (ready: BegunRow): Promise<EndedRow> => {
        if (ready.kind !== 'ready') return ready;
        const start = performance.now();
        const onStep = (step: number, steps: number): void => {
          report({ kind: 'step', rowIndex: ready.row.index, copy: 0, step, steps });
        };
        return failRowOnError(ready, async () => {
          const reply = await engine.refine(ready.prepared.job, {
            signal,
            onStep,
            ...(watch === undefined ? {} : { watch }),
          });
          return { kind: 'refined', ready, reply, durationMs: Math.round(performance.now() - start) };
        });
      };
      return mapWithReadAhead(rows, readAheadFor(engine.slots), refine);
    },
    close() {
      engine.close();
    },
  };
};
