import { resultLine } from '#src/run/results/journal.js';
import { parseRecord } from '#src/run/results/parse-record.js';
import type { ResultRecord } from '#src/records/result.js';
import { failedRecord, okRecord } from './records.js';

const parse = (value: unknown): ReturnType<typeof parseRecord> => parseRecord(Buffer.from(JSON.stringify(value)));
const faultIn = (line: string | Uint8Array): string => {
  const parsed = parseRecord(Buffer.from(line));
  if ('record' in parsed) throw new Error(`taken for a result: ${String(line)}`);
  return parsed.fault;
};

/** With everything that a line may have. */
const full: ResultRecord = {
  ...okRecord(),
  nsfw_content_detected: false,
  digest: 'd',
  warnings: ['w'],
  content_safety: { by: 'local', checks: [{ of: 'prompt', verdict: 'clean', categories: [], blocklists: [] }] },
  prompt_syntax: 'a1111',
  negative_embedding: 'zeros',
  guidance_rescale: 0.5,
  guidance_start: 0.1,
  guidance_end: 0.9,
  freeu: [1, 1, 1, 1],
  eta: 0.5,
  variation_seed: 3,
  variation_strength: 0.5,
  eta_noise_seed_delta: 4,
  vae_sample: 'mean',
  loras: { ink: 0.5 },
  mode: 'ensemble',
  handoff: 0.8,
  base_model: 'base',
  refiner: { prompt: '', negative_prompt: '', seed: 1, steps: 2, guidance_scale: 3, scheduler: null },
  latents_file_name: 'a.png.latents.safetensors',
};
const keys = Object.keys(full) as (keyof ResultRecord)[];
const required = Object.keys(okRecord()) as (keyof ResultRecord)[];
/** One of every type: at most two of them suit a field. */
const values = [null, true, 1, 1.5, -1, 'text', [], {}, ['text'], { a: 1 }, 2 ** 60, '../x.png', ''];

it('takes what a run writes, and keys of a newer version as they are', () => {
  for (const record of [full, okRecord(), failedRecord()]) expect(parse(record)).toEqual({ record });
  const newer = { ...full, new_key: [1], refiner: { ...full.refiner, new_key: 2 } };
  expect(parse(newer)).toEqual({ record: newer });
});

it('reads ids of the row with all their digits, and its own fields as numbers', () => {
  const record = okRecord({ extra: { id64: 12345678901234567890n } });
  const line = resultLine(record);
  expect(line).toContain('"extra":{"id64":12345678901234567890}');
  expect(parseRecord(Buffer.from(line))).toEqual({ record });
  const other = Buffer.from(line.replace('"guidance_scale":5', '"guidance_scale":12345678901234567890'));
  expect(parseRecord(other)).toEqual({ record: { ...record, guidance_scale: 12345678901234567000 } });
});

it.each(required)('a line without %s is not a result', (key) => {
  const { [key]: _gone, ...rest } = full;
  expect(parse(rest)).toEqual({ fault: `lacks "${key}"` });
});

it.each(keys)('a line with another type of %s is not a result', (key) => {
  const taken = values.filter((value) => 'record' in parse({ ...full, [key]: value }));
  const own = full[key];
  const isRead = (value: unknown): boolean => value === null || typeof value === typeof own;
  expect(taken.filter((value) => !isRead(value))).toEqual([]);
  expect(taken.length).toBeLessThan(values.length - 5);
  const fault = parse({ ...full, [key]: typeof own === 'boolean' ? 'yes' : true });
  expect(fault).toMatchObject({ fault: expect.stringContaining(`has an invalid "${key}`) as string });
});

it.each([
  ['[]', 'is not a JSON object'],
  ['null', 'is not a JSON object'],
  ['7', 'is not a JSON object'],
  ['"text"', 'is not a JSON object'],
  ['{oops', 'is not JSON'],
  ['\0\0', 'is not JSON'],
  [`{"row_number_per_file":1,"row_number_per_file":2}`, 'the key "row_number_per_file" twice'],
  [JSON.stringify(full).replace('"seed":7', '"seed":NaN'), 'is not JSON'],
  [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'nests 100000 levels deep'],
  [`[${'[],'.repeat(2_000_000)}[]]`, 'JSON tokens, more than'],
])('%.30s is none', (line, what) => {
  const fault = faultIn(line);
  expect(fault).toContain(what);
  expect(fault.length).toBeLessThanOrEqual(160);
});

it('bytes that are no UTF-8 are none', () => {
  const line = Buffer.from(JSON.stringify(full));
  line[line.indexOf('a cat')] = 0xff;
  expect(faultIn(line)).toContain('no UTF-8');
});

it.each([
  '',
  '.',
  '..',
  '/etc/x.png',
  '../x.png',
  'a/../../x.png',
  'a\\x.png',
  'C:x.png',
  'a\0.png',
  `${'x'.repeat(2000)}.png`,
])('an output called %j is none of the folder’s', (name) => {
  for (const key of ['image_file_name', 'latents_file_name']) {
    expect(parse({ ...full, [key]: name })).toMatchObject({ fault: expect.stringContaining(key) as string });
  }
});
