import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import { readJsonObject } from '#src/models/weights/discovery/read-json.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-json-'));
const write = (text: string): string => {
  const path = join(folder, 'scheduler_config.json');
  writeFileSync(path, text);
  return path;
};

/** As diffusers 0.42 saves a DPMSolverMultistepScheduler. */
const SAVED =
  '{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "note": "-Infinity \\"é"}';

it('Python’s Infinity is read where allowed, and strings stay unchanged', async () => {
  const read = await readJsonObject(write(SAVED), 'modelConfig', true);
  expect(read).toMatchObject({ lambda_min_clipped: -Infinity, note: '-Infinity "é' });
  const { note: _, ...config } = read;
  expect(parseSchedulerConfig(config).name).toBe('DPMSolverMultistepScheduler');
});

it('elsewhere Infinity is invalid, and NaN always is', async () => {
  const invalid = { code: 'MODEL_CONFIG_INVALID' };
  await expect(readJsonObject(write(SAVED), 'modelConfig')).rejects.toMatchObject(invalid);
  await expect(readJsonObject(write('{"a": NaN}'), 'modelConfig', true)).rejects.toMatchObject(invalid);
});
