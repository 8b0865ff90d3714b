/** Lines of a journal that no run wrote, and ends that a killed run left: named or mended, and nothing else suffers. */
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEarlierResults } from '#src/run/results/earlier-results.js';
import { openJournal } from '#src/run/results/journal.js';
import { listedOutputs } from '#src/run/results/listed-outputs.js';
import { writePredictionsCsv } from '#src/run/results/predictions-csv.js';
import { readResults, type InvalidLine } from '#src/run/results/read-results.js';
import { saveInvalidLines } from '#src/run/results/save-invalid-lines.js';
import type { ResultRecord } from '#src/records/result.js';
import { folder, okRecord } from './records.js';

const digestOf = (index: number): string => index.toString(16).padStart(13, '0').padEnd(64, 'a');
const ok = (index: number): ResultRecord => ({
  ...okRecord({ output: `${index}.png` }),
  row_number_per_file: index,
  digest: digestOf(index),
});
const line = (index: number): string => `${JSON.stringify(ok(index))}\n`;
const fileOf = (text: string | Buffer): string => {
  const path = join(folder(), 'results.jsonl');
  writeFileSync(path, text);
  return path;
};
const read = async (path: string): Promise<{ rows: number[]; faults: InvalidLine[] }> => {
  const [rows, faults]: [number[], InvalidLine[]] = [[], []];
  for await (const record of readResults(path, (fault) => faults.push(fault))) rows.push(record.row_number_per_file);
  return { rows, faults };
};

const STRANGE = ['{oops', '[]', 'null', '7', '{"status":"ok"}', '\0\0\0', '"text"', '{"row_number_per_file":1}'];

it('names each strange line by its number, and reads all others', async () => {
  const path = fileOf(`${STRANGE.map((strange, at) => `${line(at)}${strange}\n\n \r\n`).join('')}${line(8)}`);
  const { rows, faults } = await read(path);
  expect(rows).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(faults.map((fault) => fault.line)).toEqual([2, 6, 10, 14, 18, 22, 26, 30]);
  expect(faults.map((fault) => fault.path)).toEqual(STRANGE.map(() => path));
  const told: InvalidLine[] = [];
  const earlier = await openEarlierResults(path, { onInvalidLine: (fault) => told.push(fault) });
  expect(told).toEqual(faults);
  expect(earlier.hasFaults).toBe(true);
  for (const index of [0, 4, 8]) expect(await earlier.find(digestOf(index))).toMatchObject({ record: ok(index) });
  await earlier.close();
  const names: string[] = [];
  for await (const name of listedOutputs(path)) names.push(name);
  expect(names).toHaveLength(9);
  const csv = join(folder(), 'predictions.csv');
  await writePredictionsCsv(path, csv);
  expect(readFileSync(csv, 'utf8').trimEnd().split('\n')).toHaveLength(9);
});

it('saves them, whatever their bytes, when the journal is rewritten without them', async () => {
  const long = Buffer.alloc(3 * 2 ** 20, 0xfe);
  const strange = Buffer.concat([Buffer.from(`{oops\n`), long, Buffer.from('\n[]\n')]);
  const path = fileOf(Buffer.concat([Buffer.from(`7\n${line(0)}`), strange, Buffer.from(line(1))]));
  const begin = readFileSync(path).length;
  appendFileSync(path, `null\n`);
  const aside = await saveInvalidLines(path, 2, begin);
  expect(readFileSync(aside!).equals(strange)).toBe(true);
  expect(await saveInvalidLines(fileOf(line(0) + line(1)), 0, begin)).toBeNull();
});

it('a line that is torn at any byte costs that line, and its row alone', async () => {
  const torn = line(1);
  for (let length = 0; length <= torn.length; length++) {
    const path = fileOf(line(0) + torn.slice(0, length));
    const isThere = length >= torn.length - 1;
    expect(await read(path)).toEqual({ rows: isThere ? [0, 1] : [0], faults: [] });
    const earlier = await openEarlierResults(path);
    expect([earlier.hasFaults, (await earlier.find(digestOf(1))) !== null]).toEqual([false, isThere]);
    await earlier.close();
    const journal = await openJournal(path);
    await journal.append(ok(2));
    await journal.close();
    expect(readFileSync(path, 'utf8')).toBe(line(0) + (isThere ? torn : '') + line(2));
  }
});

it('a line that is torn at any byte in the middle is named, and its neighbours stay', async () => {
  const torn = line(1).trimEnd();
  for (let length = 1; length < torn.length; length += 7) {
    const { rows, faults } = await read(fileOf(`${line(0)}${torn.slice(0, length)}\n${line(2)}`));
    expect(rows).toEqual([0, 2]);
    expect(faults).toMatchObject([{ line: 2 }]);
  }
});

it.each([
  ['a foreign end', 'not ours', 'not ours\n'],
  ['a foreign end that is JSON', '{"a":1}', '{"a":1}\n'],
  ['ours of another version, whole', '{"row_number_per_file":1}', '{"row_number_per_file":1}\n'],
  ['a long foreign end', 'x'.repeat(200_000), `${'x'.repeat(200_000)}\n`],
  ['zeros that a power cut left', '\0'.repeat(5000), ''],
  ['zeros after a torn line', `{"row_number_per_file":1,"im${'\0'.repeat(5000)}`, ''],
])('opening a journal behind %s', async (_what, end, kept) => {
  const path = fileOf(line(0) + end);
  const journal = await openJournal(path);
  await journal.append(ok(1));
  await journal.close();
  expect(readFileSync(path, 'utf8')).toBe(line(0) + kept + line(1));
});

it('buffers little of a long foreign line, and reads the lines after it', async () => {
  const path = fileOf(line(0));
  const long = 256 * 2 ** 20;
  appendFileSync(path, '[');
  /* A hole, which takes no room on the disk. */
  truncateSync(path, statSync(path).size - 1 + long);
  appendFileSync(path, `\n${line(1)}`);
  const before = process.memoryUsage().rss;
  const { rows, faults } = await read(path);
  expect(rows).toEqual([0, 1]);
  expect(faults).toMatchObject([{ line: 2, what: `has ${long} bytes, more than a result can have` }]);
  expect(process.memoryUsage().rss - before).toBeLessThan(long / 2);
});
