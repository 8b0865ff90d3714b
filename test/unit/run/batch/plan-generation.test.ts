import { planGeneration, type SchedulerConfigs } from '#src/run/batch/plan-generation.js';
import { noiseJob } from '#src/run/batch/prepare-row.js';
import type { Generation, NoiseStart, Row } from '#src/records/row.js';
import { parseSchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import { readCase } from '../../../support/golden.js';
import { plainSettings } from '../../../support/settings.js';

const values = { _class_name: 'EulerDiscreteScheduler', ...readCase('ensemble-base-0.8').scheduler_config };
const config = parseSchedulerConfig(values);
const own: SchedulerConfigs = { base: config, refiner: config };
const settings = { ...plainSettings, steps: 20, strength: 1 };
const source: NoiseStart = { kind: 'noise', width: 64, height: 64 };

const plan = (generation: Partial<Generation>, configs = own) => {
  const rest = { mode: 'ensemble', handoff: 0.8, stageInput: null, latentsSuffix: null, copy: 0 } as const;
  const refiner = { ...settings, strength: 0.3, denoisingStart: generation.handoff === null ? null : 0.8 };
  const encoding = { format: 'png', quality: null, bitDepth: 16, metadata: true } as const;
  const row = { settings, source, encoding, generation: { ...rest, refiner, ...generation } } as unknown as Row;
  return planGeneration(row, noiseJob(row, source), configs);
};

it('cuts an ensemble’s schedule in two', () => {
  const { base, refiner } = plan({});
  expect([base.steps, refiner?.steps]).toEqual([16, 4]);
  expect(base.job).toMatchObject({ output: 'latents', settings: { denoisingEnd: 0.8 }, keepLatents: false });
  expect(refiner?.job).toMatchObject({ output: 'pixels', bitDepth: 16, settings: { scheduler: config.name } });
});

it('gives two stages a schedule each', () => {
  const { base, refiner } = plan({ mode: 'two-stage', handoff: null, stageInput: 'picture' });
  expect([base.steps, refiner?.steps]).toEqual([20, 6]);
  expect(base.job).toMatchObject({ output: 'pixels', bitDepth: 8, settings: { denoisingEnd: null } });
  expect(refiner?.job.settings.scheduler).toBeNull();
});

it('leaves the base model alone', () => {
  const { base, refiner } = plan({ mode: 'base', handoff: null, refiner: null }, { base: config, refiner: null });
  expect(refiner).toBeNull();
  expect(base).toMatchObject({ steps: 20, job: { output: 'pixels', bitDepth: 16 } });
});

it('refuses an ensemble of two schedules', () => {
  const other = parseSchedulerConfig({ ...values, timestep_spacing: 'trailing' });
  expect(() => plan({}, { base: config, refiner: other })).toThrow(
    /to have the same schedule, found different EulerDiscrete/,
  );
  const stages = plan({ mode: 'two-stage', handoff: null, stageInput: 'latents' }, { base: config, refiner: other });
  expect(stages.refiner?.steps).toBe(6);
});
