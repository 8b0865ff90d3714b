/** The JSON Schemas of the package, read by their own rules, against what the program takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { buildResultRecord } from '#src/run/results/result-record.js';
import { root } from '../../../support/golden.js';
import { ROW, RUN, failedRecord, okRecord } from '../../run/results/records.js';

const read = (name: string): z.ZodType =>
  z.fromJSONSchema(
    JSON.parse(readFileSync(join(root, 'schemas', `${name}.schema.json`), 'utf8')) as Parameters<
      typeof z.fromJSONSchema
    >[0],
  );
const accepts = (name: string, value: unknown): boolean => read(name).safeParse(value).success;

it.each([
  [{ image: 'cat.png' }, true],
  [{ image: 'cat.png', prompt: 'a cat', strength: 0.3, num_inference_steps: 20, mine: [1] }, true],
  [{ latents: 'a.npy', original_size: [512, 640], seed: null }, true],
  [{ image: 'cat.png', strength: 1.5 }, false],
  [{ image: 'cat.png', steps: '20' }, false],
  [{ image: 'cat.png', steps: 0 }, false],
  [{ image: 'cat.png', original_size: [512] }, false],
  [{ image: 'cat.png', fit: 'stretch' }, false],
  [{ image: '' }, false],
])('row %j: %p', (row, expected) => {
  expect(accepts('row', row)).toBe(expected);
});

it.each([
  [{}, true],
  [{ $schema: 'x', strength: 0.3, output_dir: 'out', overwrite: true, limit: 3, original_size: [8, 8] }, true],
  [{ strength: 2 }, false],
  [{ output_dir: '' }, false],
  [{ 'output-dir': 'out' }, false],
  [{ image: 'cat.png' }, false],
  [{ limit: '3' }, false],
  [{ overwrite: 'yes' }, false],
])('config %j: %p', (config, expected) => {
  expect(accepts('config', config)).toBe(expected);
});

it.each<[string, object, boolean]>([
  ['of a refined row', okRecord(), true],
  ['of a row that failed', failedRecord(), true],
  ['of a row that was skipped', buildResultRecord(ROW, { status: 'skipped' }, RUN), true],
  ['with keys of a later version', { ...okRecord(), later: 1 }, true],
  ['with an unknown status', { ...okRecord(), status: 'done' }, false],
  ['with an unknown code', { ...failedRecord(), error: { code: 'NO_SUCH', message: 'm' } }, false],
  ['without its error', { ...okRecord(), error: undefined }, false],
])('result %s: %#', (_, record, expected) => {
  expect(accepts('result', JSON.parse(JSON.stringify(record)))).toBe(expected);
});
