/** Places of outputs that are refused before anything is written. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectCsvOutside, expectFolderName, isPictureName } from '#src/app/cli/options/output-place.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
mkdirSync(join(folder, 'there.png'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it.each([
  ['-', /standard output/],
  ['egg.png', /got "egg\.png", which looks like a file\. Give a folder, such as "egg"/],
  ['out/egg.JPEG', /such as "out\/egg"/],
  ['results.jsonl', /such as "results"/],
])('--output-dir %p is no folder', async (outputDir, message) => {
  await expect(expectFolderName(outputDir, folder)).rejects.toMatchObject({
    code: 'USAGE_OPTION_INVALID',
    message: expect.stringMatching(message) as string,
  });
});

it.each(['refined', 'out-v1.0', 'egg.png/', 'there.png', '.'])('--output-dir %p is one', async (outputDir) => {
  await expect(expectFolderName(outputDir, folder)).resolves.toBeUndefined();
});

it.each([
  ['fox.png', true],
  ['out/fox.JPG', true],
  ['-', true],
  ['generated', false],
  ['fox.png/', false],
  ['there.png', false],
  ['rows.csv', false],
  ['s3://bucket/fox.png', false],
])('--output-dir %p is one picture: %p', async (output, expected) => {
  expect(await isPictureName(output, folder)).toBe(expected);
});

it.each([
  [['.'], 'p.csv', false, 'refused'],
  [['./'], 'there.png/p.csv', true, 'refused'],
  [['there.png'], 'there.png/../there.png/p.TSV', false, 'refused'],
  [['.'], 'there.png/p.csv', false, 'taken'],
  [['there.png'], 'p.csv', true, 'taken'],
  [['.'], 'p.txt', true, 'taken'],
  [['-', '*.png', 's3://bucket/in'], 'p.csv', true, 'taken'],
  [['.'], 's3://bucket/p.csv', true, 'taken'],
])('a CSV of predictions beside the inputs %j: %s, recursive %p, is %s', async (inputs, csv, recursive, expected) => {
  const checked = expectCsvOutside(inputs, { predictionsCsv: csv, recursive }, folder);
  if (expected === 'taken') await expect(checked).resolves.toBeUndefined();
  else await expect(checked).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
});
