import { parseRecord } from '#src/run/results/parse-record.js';
import { buildResultRecord } from '#src/run/results/result-record.js';
import type { ResultRecord } from '#src/records/result.js';
import type { Generation } from '#src/records/row.js';
import type { RefineSettings } from '#src/records/settings.js';
import { plainSettings } from '../../../support/settings.js';
import { INVALID, REPLY, ROW, RUN, failedRecord, okRecord } from './records.js';

describe('buildResultRecord', () => {
  it('writes a refined row with the keys of the contract, in their order', () => {
    expect(JSON.stringify(okRecord())).toBe(
      '{"row_number_per_file":2,"image_file_name":"sub/cat.png","nsfw_content_detected":null,"input_csv_name":"manifest.jsonl",' +
        '"id":"x","status":"ok","image":"inputs/cat.png","prompt":"a cat","negative_prompt":"","seed":7,"rng":"torch-cpu","strength":0.3,"steps":50,' +
        '"steps_run":15,"guidance_scale":5,"scheduler":"EulerDiscreteScheduler","width":1024,"height":768,"model":"models/tiny",' +
        '"device":"cpu","precision":"fp32","duration_ms":4100,"error":null,"extra":{"name":"n"},"digest":null}',
    );
  });

  it('writes of an invalid row what could be read, and why it failed', () => {
    const record = failedRecord();
    expect(Object.keys(record)).toEqual(Object.keys(okRecord()));
    expect(record).toMatchObject({
      image_file_name: null,
      status: 'failed',
      image: null,
      prompt: null,
      seed: 9,
      steps_run: null,
      duration_ms: null,
      error: INVALID.error,
    });
  });

  it('writes of an invalid row of generate a line that can be read again', () => {
    const of = { mode: 'ensemble', handoff: 0.8, stageInput: null, latentsSuffix: null, copy: 0 } as const;
    const generation: Generation = { ...of, refiner: { prompt: 'b' } as RefineSettings };
    const row = { ...INVALID, generation };
    const record = buildResultRecord(row, { status: 'failed', error: INVALID.error, durationMs: null }, RUN);
    expect(record.refiner).toMatchObject({ prompt: 'b', steps: null });
    expect(parseRecord(Buffer.from(JSON.stringify(record)))).toEqual({ record });
  });

  it('writes no output for a row that failed or was blocked, and the output for one that was skipped', () => {
    const error = { code: 'SESSION_RUN' as const, message: 'm', context: { hidden: 1 } };
    expect(buildResultRecord(ROW, { status: 'failed', error, durationMs: 3 }, RUN)).toMatchObject({
      image_file_name: null,
      nsfw_content_detected: null,
      duration_ms: 3,
      width: null,
      scheduler: null,
      error: { code: 'SESSION_RUN', message: 'm' },
    });
    expect(buildResultRecord(ROW, { status: 'failed', error, durationMs: 3 }, RUN).error).not.toHaveProperty('context');
    expect(
      buildResultRecord(
        ROW,
        { status: 'blocked', durationMs: 3, contentSafety: { by: 'azure', checks: [], nsfw: true } },
        RUN,
      ),
    ).toMatchObject({
      status: 'blocked',
      image_file_name: null,
      nsfw_content_detected: true,
      error: null,
      content_safety: { by: 'azure', checks: [] },
    });
    expect(buildResultRecord(ROW, { status: 'skipped' }, RUN)).toMatchObject({
      status: 'skipped',
      image_file_name: 'sub/cat.png',
      duration_ms: null,
    });
  });

  it('counts evaluations of the UNet where either model saves some', () => {
    const cached = { ...plainSettings, cacheInterval: 2 };
    const reply = { ...REPLY, unetCalls: { samples: 50, cached: 4, ms: 9, cachedMs: 1 } };
    const outcome = { status: 'ok', reply, durationMs: 1 } as const;
    const record = (base: RefineSettings, refiner: RefineSettings): ResultRecord => {
      const generation: Generation = {
        ...{ mode: 'ensemble', handoff: 0.8, stageInput: null, latentsSuffix: null, copy: 0, refiner },
      };
      return buildResultRecord({ ...ROW, settings: base, generation }, outcome, RUN);
    };
    const counts = { unet_calls: 50, cached_unet_calls: 4 };
    expect(record(plainSettings, cached)).toMatchObject({ ...counts, refiner: { cache_interval: 2 } });
    expect(record(cached, plainSettings)).toMatchObject(counts);
    expect(record({ ...plainSettings, adaptiveGuidance: 0.9 }, plainSettings)).toMatchObject({ unet_calls: 50 });
    expect(record(plainSettings, plainSettings)).not.toHaveProperty('unet_calls');
    expect(record(plainSettings, plainSettings).refiner).not.toHaveProperty('cache_interval');
  });
});
