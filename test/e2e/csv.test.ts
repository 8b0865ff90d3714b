/** CSV and TSV as spreadsheets and hands write them, several inputs in one run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResultRecord } from '#src/records/result.js';
import { goodRow, picture, quick, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import type { CliRun } from '../support/run-cli.js';

const folder = workFolder();
const out = join(folder, 'out');
const image = picture('square-64');
const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/** A byte order mark, Windows' line ends, and every kind of row between good ones. */
const csv = bytes(
  [0xef, 0xbb, 0xbf],
  'image,prompt,steps,strength,id,note,original_size\r\n',
  `${image},"a cat, ""big""",2,0.5,quotes,"a note, mine",\r\n`,
  '\r\n',
  `"${image}","a dog\r\nand\n\n""a"" cat",2,0.5,newlines,,"[64, 64]"\r\n`,
  `${image},a cat,2,0.5,ragged\r\n`,
  `${image},a caf`,
  [0xe9],
  `,2,0.5,latin-1,,\r\n`,
  ',,,,,,\r\n',
  `${image},a "cat",2,0.5,stray quote,,\r\n`,
  `${image},${'a'.repeat(100e6)},2,0.5,long,,\r\n`,
  `${image},"",2,0.5,no prompt,,\r\n`,
  `${image},ünïcödé 🐈,2.0,5e-1,last,,\r\n`,
);

describe('CSV, TSV and JSON lines in one run', () => {
  let run: CliRun;
  let results: ResultRecord[];
  beforeAll(async () => {
    writeFileSync(join(folder, 'a.csv'), csv);
    writeFileSync(join(folder, 'b.tsv'), `image\tprompt\tseed\n${image}\ta, b\t5\n`);
    writeRows(join(folder, 'c.ndjson'), [goodRow]);
    const inputs = ['a.csv', 'b.tsv', 'c.ndjson'].map((name) => join(folder, name));
    run = await runBatch([...inputs, '--output-dir', out, '--steps', '2', '--strength', '0.5']);
    results = readResults(out);
  });

  it('fails the rows that cannot be read and refines the rest', () => {
    expect(run.code).toBe(1);
    expect(results.map(({ id, status, error }) => [id, error?.code ?? status])).toEqual([
      ['quotes', 'ok'],
      ['newlines', 'ok'],
      [null, 'ROW_SYNTAX'],
      [null, 'ROW_SYNTAX'],
      [null, 'ROW_SYNTAX'],
      [null, 'ROW_SYNTAX'],
      ['no prompt', 'ROW_FIELD_MISSING'],
      ['last', 'ok'],
      [null, 'ok'],
      [null, 'ok'],
    ]);
  });

  it('names the mistake and its line', () => {
    const messages = results.map(({ error }) => error?.message);
    expect(messages[2]).toMatch(/7 cells.*found 5 \(a\.csv, line 8\)/);
    expect(messages[3]).toMatch(/UTF-8.*line 9/);
    expect(messages[4]).toMatch(/quotes around the whole cell.*line 11/);
    expect(messages[5]).toMatch(/at most 67108864 bytes.*line 12/);
    expect(messages[6]).toMatch(/prompt.*line 13/);
  });

  it('reads quotes, embedded newlines and non-ASCII text as written', () => {
    const [quotes, newlines, last] = [results[0]!, results[1]!, results[7]!];
    expect(quotes).toMatchObject({ prompt: 'a cat, "big"', extra: { note: 'a note, mine' } });
    expect(newlines.prompt).toBe('a dog\r\nand\n\n"a" cat');
    expect(last).toMatchObject({ prompt: 'ünïcödé 🐈', steps: 2, strength: 0.5, steps_run: 1 });
  });

  it('counts rows in each input', () => {
    expect(results.map(({ row_number_per_file: row, input_csv_name: name }) => `${name} ${row}`)).toEqual([
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((row) => `a.csv ${row}`),
      'b.tsv 0',
      'c.ndjson 0',
    ]);
    expect(results[8]).toMatchObject({ prompt: 'a, b', seed: 5 });
    expect(results[9]).toMatchObject({ prompt: quick.prompt, seed: quick.seed });
  });
});
