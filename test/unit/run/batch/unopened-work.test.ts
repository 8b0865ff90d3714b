/** Rows are looked at before a model is downloaded or opened, up to the first that can run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canAnyRun } from '#src/run/batch/unopened-work.js';
import type { InvalidRow, Row } from '#src/records/row.js';
import { picture } from '../../../support/batch.js';
import { folder, INVALID, ROW } from '../results/records.js';

const here = folder();
const torn = join(here, 'torn.png');
writeFileSync(torn, 'no picture');
const latents = join(here, 'a.npy');
writeFileSync(latents, '');

const of = (source: Row['source']): Row => ({ ...ROW, source });
const there = of({ kind: 'file', path: picture('square-64') });
const missing = of({ kind: 'file', path: join(here, 'none.png') });
const { signal } = new AbortController();

/** Whether any can run, and how many rows were read for that. */
const look = async (...rows: (Row | InvalidRow)[]): Promise<[boolean, number]> => {
  let read = 0;
  // oxlint-disable-next-line typescript/require-await -- a stream of rows
  const stream = async function* (): AsyncGenerator<Row | InvalidRow> {
    for (const row of rows) {
      read++;
      yield row;
    }
  };
  return [await canAnyRun(stream(), signal), read];
};

it('reads up to the first row that can run, and no further', async () => {
  expect(await look(INVALID, missing, there, there, there)).toEqual([true, 3]);
});

it.each<[string, Row | InvalidRow, boolean]>([
  ['an invalid row', INVALID, false],
  ['a missing picture', missing, false],
  ['a file that is no picture', of({ kind: 'file', path: torn }), false],
  ['missing latents', of({ kind: 'latents', path: join(here, 'none.npy') }), false],
  ['latents', of({ kind: 'latents', path: latents }), true],
  ['a URL, which is not fetched', of({ kind: 'url', url: 'http://127.0.0.1:9/a.png' }), true],
])('%s', async (_, row, expected) => {
  expect(await look(row)).toEqual([expected, 1]);
});

it('a run without rows has none that can run', async () => {
  expect(await look()).toEqual([false, 0]);
});
