import { buildResultRecord } from '#src/run/results/result-record.js';
import { INVALID, ROW, RUN, failedRecord, okRecord } from './records.js';

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
});
