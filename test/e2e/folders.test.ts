/** Folders, globs and folders of CSV files as inputs: names, prompts, what is passed by. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { writePngText } from '#src/media/metadata/write-png-text.js';
import type { ResultRecord } from '#src/records/result.js';
import { picture, readPixels, readResults, runBatch, workFolder } from '../support/batch.js';
import type { CliRun } from '../support/run-cli.js';

const folder = workFolder();
const image = picture('square-64');
const quickly = ['--steps', '2', '--strength', '0.5'];

/** As A1111 writes it. */
const infotext =
  'a dog of 1999\nNegative prompt: blurry\nSteps: 20, Sampler: DDIM, CFG scale: 7, Seed: 123, Size: 512x512';
const withInfotext = (): Uint8Array => writePngText(readFileSync(image), [{ keyword: 'parameters', text: infotext }]);

/** A folder as people have them; returns its path. */
const makeFolder = async (name: string): Promise<string> => {
  const path = join(folder, name);
  mkdirSync(join(path, 'holiday/day 2'), { recursive: true });
  for (const copy of ['10.png', '2.png', 'holiday/1.png', 'holiday/day 2/cat.png', '.thumb.png']) {
    copyFileSync(image, join(path, copy));
  }
  await sharp(image).jpeg().toFile(join(path, 'holiday/day 2/cat.JPG'));
  writeFileSync(join(path, 'holiday/1.txt'), '\uFEFFa sidecar’s prompt\r\n');
  writeFileSync(join(path, 'holiday/dog.png'), withInfotext());
  writeFileSync(join(path, 'holiday/broken.png'), 'no picture');
  writeFileSync(join(path, 'Thumbs.db'), '');
  writeFileSync(join(path, 'notes.txt'), 'nobody’s prompt');
  return path;
};

const show = ({ image_file_name: output, prompt, error }: ResultRecord): unknown[] => [output ?? error?.code, prompt];

describe('a folder of pictures with its sub folders', () => {
  let run: CliRun;
  let results: ResultRecord[];
  const out = join(folder, 'pictures/refined');
  const args = ['pictures', '--recursive', '--output-dir', 'pictures/refined', ...quickly];
  beforeAll(async () => {
    await makeFolder('pictures');
    run = await runBatch(args, { cwd: folder });
    results = readResults(out);
  });

  it('refines them in natural order, under their names and folders, each with its own prompt', () => {
    expect(run.code).toBe(1);
    expect(results.map(show)).toEqual([
      ['ROW_FIELD_MISSING', null],
      ['ROW_FIELD_MISSING', null],
      ['holiday/1.png', 'a sidecar’s prompt'],
      ['ROW_FIELD_MISSING', null],
      ['ROW_FIELD_MISSING', null],
      ['ROW_FIELD_MISSING', null],
      ['holiday/dog.png', 'a dog of 1999'],
    ]);
    expect(results.map(({ image: path }) => path)).toEqual(
      [
        '2.png',
        '10.png',
        'holiday/1.png',
        'holiday/broken.png',
        'holiday/day 2/cat.JPG',
        'holiday/day 2/cat.png',
        'holiday/dog.png',
      ].map((name) => join('pictures', name)),
    );
    expect(results.map(({ row_number_per_file: row, input_csv_name: input }) => `${input} ${row}`)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((row) => `pictures ${row}`),
    );
    expect(results[6]).toMatchObject({ negative_prompt: 'blurry', steps: 2, guidance_scale: 5 });
  });

  it('says what was passed by', () => {
    expect(run.stderr).toContain('2 other files skipped\n');
  });

  it('goes on with --resume when more is given, and does not take its own outputs for inputs', async () => {
    const before = readFileSync(join(out, 'holiday/dog.png'));
    await runBatch([...args, '--retry-failed', '--prompt', 'for all'], { cwd: folder });
    expect(readResults(out).map(show)).toEqual([
      ['2.png', 'for all'],
      ['10.png', 'for all'],
      ['holiday/1.png', 'for all'],
      ['IMAGE_UNDECODABLE', 'for all'],
      ['holiday/day 2/cat-jpg.png', 'for all'],
      ['holiday/day 2/cat.png', 'for all'],
      ['holiday/dog.png', 'for all'],
    ]);
    expect(readFileSync(join(out, 'holiday/dog.png')).equals(before)).toBe(false);
    expect(readdirSync(join(out, 'holiday/day 2'))).toEqual(['cat-jpg.png', 'cat.png']);
    expect(await readPixels(join(out, 'holiday/day 2/cat-jpg.png'))).toMatchObject({ width: 64, height: 64 });
  });
});

it('a glob of pictures takes what it names, and from their metadata what is asked for', async () => {
  const path = await makeFolder('globbed');
  const out = join(folder, 'out-globbed');
  const chosen = ['--from-metadata', 'seed,scheduler,steps,guidance_scale', '--prompt', 'p', '--strength', '0.1'];
  const run = await runBatch(['holiday/{1,dog}*', ...chosen, '--output-dir', out, '--json'], { cwd: path });
  expect(run.code).toBe(0);
  expect(run.stdout.trim().split('\n')).toHaveLength(3);
  expect(readResults(out)).toMatchObject([
    { image_file_name: '1.png', steps: 50, prompt: 'p', input_csv_name: 'holiday/{1,dog}*' },
    {
      image_file_name: 'dog.png',
      seed: 123,
      scheduler: 'DDIM',
      steps: 20,
      guidance_scale: 7,
      negative_prompt: '',
    },
  ]);
});

it('a folder of CSV files is the Azure batch input, its pictures theirs', async () => {
  const path = await makeFolder('azure');
  const out = join(folder, 'out-azure');
  const base64 = readFileSync(image).toString('base64');
  writeFileSync(join(path, 'part-2.csv'), `image,prompt\n${base64},inline\n10.png,a path\n`);
  writeFileSync(join(path, 'part-10.csv'), 'image,prompt\nholiday/dog.png,\nno.png,missing\n');
  const predictions = join(folder, 'predictions.csv');
  const run = await runBatch([path, '--output-dir', out, '--predictions-csv', predictions, ...quickly]);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('2 other files, 1 folder, 1 picture skipped');
  expect(readResults(out).map(show)).toEqual([
    ['row-000000.png', 'inline'],
    ['10.png', 'a path'],
    ['dog.png', 'a dog of 1999'],
    ['IMAGE_NOT_FOUND', 'missing'],
  ]);
  expect(readFileSync(predictions, 'utf8')).toBe(
    '0,row-000000.png,,part-2.csv\n1,10.png,,part-2.csv\n0,dog.png,,part-10.csv\n1,,,part-10.csv\n',
  );
});

it('300 mixed files are looked at before any work: what would run, what would fail and why', async () => {
  const path = join(folder, 'mixed');
  mkdirSync(path);
  for (let at = 0; at < 300; at++) {
    const name = join(path, `IMG_${at}`);
    if (at % 10 === 0) writeFileSync(`${name}.png`, 'cut short');
    else if (at % 10 === 1) writeFileSync(`${name}.mp4`, '');
    else copyFileSync(image, `${name}.png`);
  }
  const out = join(folder, 'out-mixed');
  const run = await runBatch(['mixed', '--output-dir', out, '--dry-run', '--prompt', 'p', ...quickly], { cwd: folder });
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('30 other files skipped\n');
  expect(run.stderr).toMatch(/^mixed\/IMG_10\.png: failed, IMAGE_UNDECODABLE: /m);
  expect(run.stderr).toContain('240 rows would run');
  expect(run.stderr).toContain('30 failed: IMAGE_UNDECODABLE 30');
  expect(existsSync(out)).toBe(false);
});

describe('before any work', () => {
  beforeAll(async () => {
    await makeFolder('refused');
    mkdirSync(join(folder, 'empty'));
  });

  it.each([
    { args: ['refused', '--output-dir', 'refused'], code: 2, says: /different folders for inputs and outputs/ },
    {
      args: ['refused', '--from-metadata', 'prompt,size'],
      code: 2,
      says: /--from-metadata .*original_size.* got "size"/,
    },
    { args: ['empty'], code: 3, says: /empty has no pictures \(\.png .*no manifests/ },
    { args: ['refused/*.webp'], code: 3, says: /No file matches the pattern refused\/\*\.webp/ },
    { args: ['refused/notes.txt'], code: 3, says: /a folder or glob of pictures.*it is a \.txt/ },
    { args: [''], code: 3, says: /it is empty/ },
  ])('$args ends with exit $code', async ({ args, code, says }) => {
    const run = await runBatch(args, { cwd: folder });
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toMatch(says);
  });
});
