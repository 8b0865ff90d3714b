import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commonSeed } from '#src/run/results/common-seed.js';
import { isLineStart } from '#src/run/results/read-lines.js';
import { readRunState, writeRunState, type RunState } from '#src/run/results/run-state.js';
import { folder, okRecord } from './records.js';

const STATE: RunState = {
  seed: 7,
  inputs: ['/data/m.jsonl'],
  earlierInputs: [],
  base: 12,
  isFinished: true,
  predictionsCsv: '/data/p.csv',
  overwritesBefore: 5.5,
  written: ['0123456789abcdef'],
};

const read = async (text: string | Buffer): Promise<[Partial<RunState> | null, string[]]> => {
  const place = folder();
  writeFileSync(join(place, '.sdxl-refine-run.json'), text);
  const faults: string[] = [];
  return [await readRunState(place, '', (fault) => faults.push(fault)), faults];
};

it('comes back as it was written, without the CSV that there is not', async () => {
  const place = folder();
  await writeRunState(place, '-1-of-2', STATE);
  expect(await readRunState(place, '-1-of-2')).toEqual(STATE);
  expect(await readRunState(place, '')).toBeNull();
  const { predictionsCsv: _csv, ...rest } = STATE;
  expect(await read(JSON.stringify({ ...STATE, predictionsCsv: null, of_a_newer_version: 1 }))).toEqual([rest, []]);
});

it.each([
  '',
  ' ',
  'null',
  '[]',
  '7',
  '"x"',
  '{',
  'mine',
  '\0\0\0',
  '['.repeat(100_000),
  `[${'[],'.repeat(1_000_000)}[]]`,
])('a note that says %.20j is named, and counts as not there', async (text) => {
  const [state, faults] = await read(text);
  expect([state, faults.length]).toEqual([null, 1]);
  expect(faults[0]).toMatch(/\.sdxl-refine-run\.json: expected the state of a run, found a file that (is|has|nests) /);
});

it('bytes that are no UTF-8 are named', async () => {
  expect((await read(Buffer.from([0x7b, 0xff, 0x7d])))[1][0]).toContain('no UTF-8');
});

it.each(Object.keys(STATE) as (keyof RunState)[])('%s alone is missed where it is not there, or wrong', async (key) => {
  const { [key]: _gone, ...rest } = STATE;
  expect(await read(JSON.stringify(rest))).toEqual([rest, []]);
  const numbers = key === 'overwritesBefore' ? [] : [-1, 1.5, 2 ** 60];
  for (const wrong of [{}, [1], [['x']], ...numbers]) {
    const [state, faults] = await read(JSON.stringify({ ...STATE, [key]: wrong }));
    expect(state).toEqual(rest);
    expect(faults).toEqual([expect.stringContaining(`found a file that has an invalid "${key}", expected `)]);
  }
});

it('is torn at any byte as if it were not there', async () => {
  const place = folder();
  await writeRunState(place, '', STATE);
  const text = readFileSync(join(place, '.sdxl-refine-run.json'), 'utf8').trimEnd();
  for (let length = 0; length < text.length; length++) {
    const [state, faults] = await read(text.slice(0, length));
    expect([state, faults.length]).toEqual([null, 1]);
  }
});

it('where lines begin, and where none does', async () => {
  const path = join(folder(), 'results.jsonl');
  writeFileSync(path, 'ab\ncd\n');
  const starts = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7, 1000].map((offset) => isLineStart(path, offset)));
  expect(starts).toEqual([true, false, false, true, false, false, true, false, false]);
});

it('the seed that most results have is a run’s, and one among others is not', async () => {
  const seeds = async (...all: (number | null)[]): Promise<number | undefined> => {
    const path = join(folder(), 'results.jsonl');
    writeFileSync(path, all.map((seed) => `${JSON.stringify({ ...okRecord(), seed })}\n`).join(''));
    return commonSeed(path);
  };
  expect(await seeds(5, 8, null, 8)).toBe(8);
  expect(await seeds(5)).toBe(5);
  expect(await seeds(1, 2, 3)).toBeUndefined();
  expect(await seeds(null)).toBeUndefined();
  expect(await seeds()).toBeUndefined();
  expect(await commonSeed(join(folder(), 'none.jsonl'))).toBeUndefined();
});
