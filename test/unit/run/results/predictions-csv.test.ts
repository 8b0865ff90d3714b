import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePredictionsCsv } from '#src/run/results/predictions-csv.js';
import { readResults } from '#src/run/results/read-results.js';
import type { ResultRecord } from '#src/records/result.js';
import { failedRecord, folder, okRecord } from './records.js';

const resultsFile = (text: string): string => {
  const path = join(folder(), 'results.jsonl');
  writeFileSync(path, text);
  return path;
};

const read = async (path: string): Promise<ResultRecord[]> => {
  const records: ResultRecord[] = [];
  for await (const record of readResults(path)) records.push(record);
  return records;
};

describe('readResults', () => {
  it('reads every record back, whatever it contains, and skips a torn last line', async () => {
    const records = Array.from({ length: 300 }, (_, at) =>
      okRecord({ id: `${at}\u2028é🐈`, extra: { long: 'é'.repeat(at * 50) } }),
    );
    const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    expect(Buffer.byteLength(text)).toBeGreaterThan(2 ** 22);
    expect(await read(resultsFile(`${text}\n{"row_numb`))).toEqual(records);
    expect(await read(resultsFile(text.trimEnd()))).toEqual(records);
    expect(await read(resultsFile(''))).toEqual([]);
  });

  it('reports the missing file', async () => {
    await expect(read('/nowhere/results.jsonl')).rejects.toMatchObject({
      code: 'MANIFEST_UNREADABLE',
      context: { path: '/nowhere/results.jsonl' },
    });
  });
});

describe('writePredictionsCsv', () => {
  it("writes Azure's four columns without a header, as pandas would", async () => {
    const records: ResultRecord[] = [
      okRecord(),
      failedRecord(),
      { ...okRecord({ output: 'a, "b".png' }), nsfw_content_detected: true },
      { ...okRecord({ inputName: 'line\nbreak.csv' }), nsfw_content_detected: false },
    ];
    const results = resultsFile(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const csv = join(folder(), 'predictions.csv');
    await writePredictionsCsv(results, csv);
    expect(readFileSync(csv, 'utf8')).toBe(
      '2,sub/cat.png,,manifest.jsonl\n' +
        '3,,,manifest.jsonl\n' +
        '2,"a, ""b"".png",True,manifest.jsonl\n' +
        '2,sub/cat.png,False,"line\nbreak.csv"\n',
    );
  });

  it('writes nothing when the results cannot be read', async () => {
    const csv = join(folder(), 'predictions.csv');
    await expect(writePredictionsCsv('/nowhere/results.jsonl', csv)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
    expect(existsSync(csv)).toBe(false);
  });
});
