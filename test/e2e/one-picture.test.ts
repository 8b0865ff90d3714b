/** `sdxl-refine <picture>`: one picture in, one picture out, and nothing else. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import type { ResultRecord } from '#src/records/result.js';
import { temporaryPath } from '#src/io/files/temporary-path.js';
import { model, picture, readPixels, runBatch, workFolder, writeRows } from '../support/batch.js';
import { runCli, startCli, type CliRun } from '../support/run-cli.js';

const folder = workFolder();
const work = (name: string): string => {
  const path = join(folder, name);
  mkdirSync(path);
  cpSync(picture('square-64'), join(path, 'cat.png'));
  return path;
};
const QUICK = ['-m', model, '-p', 'a cat', '--steps', '2', '-s', '0.5', '--seed', '1'];
const refine = (cwd: string, ...args: string[]): Promise<CliRun> => runCli([...args, ...QUICK], { cwd });

it('refines beside the picture, as batch does it, and leaves nothing else', async () => {
  const cwd = work('plain');
  const run = await refine(cwd, 'cat.png');
  expect(run).toMatchObject({ code: 0, stdout: '' });
  expect(run.stderr).toMatch(/^cat-refined\.png: 64 × 64, 1 step, seed 1, /m);
  expect(readdirSync(cwd).sort()).toEqual(['cat-refined.png', 'cat.png']);

  const row = { image: 'cat.png', prompt: 'a cat', steps: 2, strength: 0.5, seed: 1 };
  await runBatch([writeRows(join(cwd, 'rows.jsonl'), [row]), '--output-dir', join(cwd, 'batch')]);
  expect(readFileSync(join(cwd, 'cat-refined.png'))).toEqual(readFileSync(join(cwd, 'batch/cat.png')));
});

it('the ending decides the format; missing folders are made', async () => {
  const cwd = work('format');
  expect(await refine(cwd, 'cat.png', '-o', 'new/deep/fox.webp', '-q')).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(join(cwd, 'new/deep'))).toEqual(['fox.webp']);
  expect((await sharp(join(cwd, 'new/deep/fox.webp')).metadata()).format).toBe('webp');
});

it('removes what a killed run was writing for the same file, and no other temporary file', async () => {
  const cwd = work('killed');
  const dead = spawnSync(process.execPath, ['--version']).pid;
  const left = (writer: number, name: string): string =>
    basename(temporaryPath(join(cwd, name))).replace(`-${process.pid}-`, `-${writer}-`);
  const others = [left(process.pid, 'fox.png'), left(dead, 'dog.png')];
  for (const name of [left(dead, 'fox.png'), ...others]) writeFileSync(join(cwd, name), 'half a picture');
  expect((await refine(cwd, 'cat.png', '-o', 'fox.png')).code).toBe(0);
  expect(readdirSync(cwd).sort()).toEqual([...others, 'cat.png', 'fox.png'].sort());
});

it('what exists stays without a terminal to ask on, and -y replaces it', async () => {
  const cwd = work('exists');
  writeFileSync(join(cwd, 'out.png'), 'mine');
  const refused = await refine(cwd, 'cat.png', '-o', 'out.png');
  expect(refused.code).toBe(6);
  expect(refused.stderr).toContain('[OUTPUT_EXISTS]');
  expect(readFileSync(join(cwd, 'out.png'), 'utf8')).toBe('mine');
  expect((await refine(cwd, 'cat.png', '-o', 'out.png', '-y')).code).toBe(0);
  expect((await readPixels(join(cwd, 'out.png'))).width).toBe(64);
});

it('standard input to standard output, byte for byte the picture of the file', async () => {
  const cwd = work('pipe');
  const { process: child, done } = startCli(['-', ...QUICK], { cwd, input: null });
  const chunks: Buffer[] = [];
  child.stdout.removeAllListeners('data').on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk)));
  child.stdout.setEncoding('latin1');
  child.stdin.end(readFileSync(join(cwd, 'cat.png')));
  expect((await done).code).toBe(0);
  await refine(cwd, 'cat.png');
  const piped = Buffer.from(chunks.map((chunk) => chunk.toString()).join(''), 'latin1');
  expect(piped).toEqual(readFileSync(join(cwd, 'cat-refined.png')));
  expect(readdirSync(cwd).sort()).toEqual(['cat-refined.png', 'cat.png']);
});

it('a URL is fetched once, and its picture is named in the working directory', async () => {
  const cwd = work('url');
  let requests = 0;
  const server = createServer((_, response) => {
    requests++;
    response.end(readFileSync(picture('square-64')));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a/dog.png`;
    expect((await refine(cwd, url)).code).toBe(0);
  } finally {
    server.close();
  }
  expect(requests).toBe(1);
  expect(existsSync(join(cwd, 'dog-refined.png'))).toBe(true);
});

it('--json is the one result line; the prompt comes from the picture itself', async () => {
  const cwd = work('json');
  await refine(cwd, 'cat.png');
  const run = await runCli(['cat-refined.png', '-m', model, '--steps', '2', '-s', '0.5', '--json'], { cwd });
  expect(run.code).toBe(0);
  const result = JSON.parse(run.stdout) as ResultRecord;
  expect(result).toMatchObject({ status: 'ok', image_file_name: 'cat-refined-refined.png', prompt: 'a cat' });
});

it('a failed row is the error of the command: exit code 1, nothing written, no model opened', async () => {
  const cwd = work('failing');
  writeFileSync(join(cwd, 'broken.png'), 'no picture');
  for (const [input, code] of [
    ['broken.png', 'IMAGE_UNDECODABLE'],
    ['none.png', 'IMAGE_NOT_FOUND'],
  ] as const) {
    const run = await refine(cwd, input, '--json', '-o', 'new/x.png');
    expect(run.code).toBe(1);
    expect(run.stderr.match(/\n/g)).toHaveLength(1);
    expect(run.stderr).toContain(`[${code}]`);
    expect(JSON.parse(run.stdout)).toMatchObject({ status: 'failed', error: { code } });
  }
  expect(readdirSync(cwd).sort()).toEqual(['broken.png', 'cat.png']);
});

it.each<[string, string[], string]>([
  ['a mistyped command', ['bacth', 'x'], 'did you mean batch?'],
  ['a word that is nothing', ['foo'], 'no command and no picture named "foo"'],
  ['several pictures', ['a.png', 'b.png', '-p', 'x'], 'sdxl-refine batch a.png b.png'],
  ['a folder', ['.', '-p', 'x'], 'sdxl-refine batch .'],
  ['a manifest', ['rows.jsonl'], 'sdxl-refine batch rows.jsonl'],
  ['a pattern', ['*.png', '-p', 'x'], "sdxl-refine batch '*.png'"],
  ['a picture and JSON for one standard output', ['cat.png', '-p', 'x', '-o', '-', '--json'], 'give -o <file>'],
  ['an unknown format', ['cat.png', '-p', 'x', '-o', 'cat.bmp'], '.png .jpg'],
])('usage: %s', async (_, args, message) => {
  const run = await runCli(args, { cwd: join(folder, 'plain') });
  expect(run.code).toBe(2);
  expect(run.stdout).toEqual(args.includes('--json') ? expect.stringMatching(/^\{"error":/) : '');
  expect(run.stderr).toContain(message);
});
