/** Rows and records for tests. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildResultRecord } from '#src/run/results/result-record.js';
import type { ResultRecord } from '#src/records/result.js';
import type { InvalidRow, Row } from '#src/records/row.js';
import { plainSettings } from '../../../support/settings.js';

export const folder = (): string => mkdtempSync(join(tmpdir(), 'sdxl-refine-results-'));

export const RUN = { model: 'models/tiny', device: 'cpu', precision: 'fp32' };

export const ROW: Row = {
  index: 12,
  rowNumberPerFile: 2,
  inputName: 'manifest.jsonl',
  line: 4,
  id: 'x',
  source: { kind: 'file', path: '/data/inputs/cat.png' },
  sourceText: 'inputs/cat.png',
  settings: plainSettings,
  fit: 'pad',
  output: 'sub/cat.png',
  encoding: { format: 'png', quality: null, bitDepth: 8, metadata: true },
  extra: { name: 'n' },
};

export const INVALID: InvalidRow = {
  index: 13,
  rowNumberPerFile: 3,
  inputName: 'manifest.jsonl',
  line: 5,
  id: null,
  sourceText: null,
  settings: { seed: 9 },
  extra: {},
  error: { code: 'ROW_FIELD_INVALID', message: 'Expected strength to be a number from 0 to 1, got 1.5' },
  problems: ['Expected strength to be a number from 0 to 1, got 1.5'],
};

export const REPLY = { stepsRun: 15, scheduler: 'EulerDiscreteScheduler', width: 1024, height: 768 };

export const okRecord = (row: Partial<Row> = {}): ResultRecord =>
  buildResultRecord({ ...ROW, ...row }, { status: 'ok', reply: REPLY, durationMs: 4100.4 }, RUN);

export const failedRecord = (): ResultRecord =>
  buildResultRecord(INVALID, { status: 'failed', error: INVALID.error, durationMs: null }, RUN);
