/** Journals and notes of earlier runs, which anyone may have written to. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ResultRecord } from '#src/records/result.js';
import { openEarlierResults } from '#src/run/results/earlier-results.js';
import { openJournal } from '#src/run/results/journal.js';
import { readResults } from '#src/run/results/read-results.js';
import { readRunState, writeRunState } from '#src/run/results/run-state.js';
import { plainSettings } from '../support/settings.js';
import { buildResultRecord } from '#src/run/results/result-record.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { expectShort, orRefused } from './refusals.js';
import { scratch, scratchFolder } from './scratch.js';
import { textOf } from './texts.js';

const DIGEST = 'ab'.repeat(32);
const recordOf = (prompt: string, image: string, index: number): ResultRecord =>
  buildResultRecord(
    {
      ...{ index, rowNumberPerFile: index, inputName: 'rows.jsonl', line: index + 1, id: null, sourceText: image },
      ...{
        source: { kind: 'file', path: '/in/a.png' },
        settings: { ...plainSettings, prompt },
        fit: 'pad',
        output: 'a.png',
      },
      ...{ encoding: { format: 'png', quality: null, bitDepth: 8, metadata: true }, extra: { note: prompt } },
    },
    { status: 'ok', reply: { stepsRun: 3, scheduler: 'EulerDiscreteScheduler', width: 8, height: 8 }, durationMs: 5 },
    { model: 'm', device: 'cpu', precision: 'fp32' },
    DIGEST,
  );
const lineOf = (record: ResultRecord): string => `${JSON.stringify(record)}\n`;

const journals = mutationsOf(
  { 'results.jsonl': () => Buffer.from([0, 1, 2].map((index) => lineOf(recordOf('a cat', 'a.png', index))).join('')) },
  [
    '"row_number_per_file":',
    '"digest":',
    '"status":"ok",',
    '"input_csv_name":',
    '"error":',
    'null',
    '5',
    '[]',
    '{}',
    '\n\n',
    '\0\0\0',
    '\u2028',
  ],
);
const states = mutationsOf(
  {
    state: () =>
      Buffer.from('{"seed":5,"inputs":["/in"],"earlierInputs":[],"base":0,"isFinished":false,"predictionsCsv":null}\n'),
  },
  ['"seed":', '"inputs":', 'null', '[]', '[5]', '-1', '1e999', 'true', '"written":["a"],'],
);

const text = textOf(['a cat', '\n', '\r', '\u2028', '"', '\\', '{', ','], 8);

const readAll = async (path: string): Promise<ResultRecord[]> => {
  const all: ResultRecord[] = [];
  for await (const record of readResults(path, ({ what }) => {
    expectShort(what);
  }))
    all.push(record);
  return all;
};

export const properties = [
  property(
    'results: what a journal is given it gives back, line by line',
    'value',
    fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }),
    async (rows) => {
      const path = join(scratchFolder(), 'round.jsonl');
      rmSync(path, { force: true });
      const journal = await openJournal(path);
      const records = rows.map(([prompt, image], index) =>
        recordOf(prompt.toWellFormed(), image.toWellFormed(), index),
      );
      for (const record of records) await journal.append(record);
      await journal.close();
      deepStrictEqual(
        await readAll(path),
        records.map((record) => JSON.parse(JSON.stringify(record)) as ResultRecord),
      );
    },
    30,
  ),
  property(
    'results: of a damaged journal its sound lines are read, and no line that lacks a field',
    'file',
    journals.arbitrary,
    async (one) => {
      const path = scratch('damaged.jsonl', await journals.bytesOf(one));
      const records = await orRefused(() => readAll(path), 'MANIFEST_UNREADABLE');
      for (const record of records ?? []) {
        ok(Number.isInteger(record.row_number_per_file) && typeof record.input_csv_name === 'string');
        ok(record.digest === null || typeof record.digest === 'string');
        ok(
          record.error === null || (typeof record.error.code === 'string' && typeof record.error.message === 'string'),
        );
      }
      const earlier = await orRefused(() => openEarlierResults(path), 'OUTPUT_UNWRITABLE');
      const found = await earlier?.find(DIGEST);
      if (found != null) strictEqual(found.record.digest, DIGEST);
      await earlier?.close();
      /* A run that goes on with it leaves whole lines before its own. */
      const journal = await orRefused(() => openJournal(path), 'OUTPUT_UNWRITABLE');
      await journal?.append(recordOf('new', 'new.png', 7));
      await journal?.close();
      strictEqual((await orRefused(() => readAll(path), 'MANIFEST_UNREADABLE'))?.at(-1)?.prompt, 'new');
    },
  ),
  property('results: a damaged note of a run is read as far as it is one', 'file', states.arbitrary, async (one) => {
    scratch('.sdxl-refine-run.json', await states.bytesOf(one));
    const state = await orRefused(() => readRunState(scratchFolder(), ''), 'OUTPUT_UNWRITABLE');
    if (state === null) return;
    ok(state.seed === undefined || Number.isSafeInteger(state.seed));
    ok(state.base === undefined || state.base >= 0);
    for (const texts of [state.inputs, state.earlierInputs, state.written])
      ok((texts ?? []).every((of) => typeof of === 'string'));
  }),
  property(
    'results: a note of a run is read back',
    'value',
    fc.tuple(fc.nat(), fc.array(text, { maxLength: 3 }), fc.boolean()),
    async ([seed, inputs, isFinished]) => {
      const state = {
        seed,
        inputs: inputs.map((one) => one.toWellFormed()),
        earlierInputs: [],
        base: seed,
        isFinished,
        predictionsCsv: null,
        overwritesBefore: null,
        written: [],
      };
      await writeRunState(scratchFolder(), '-round', state);
      const { predictionsCsv: _, overwritesBefore: __, ...expected } = state;
      deepStrictEqual(await readRunState(scratchFolder(), '-round'), expected);
    },
    30,
  ),
];
