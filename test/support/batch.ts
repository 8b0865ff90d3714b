/** Runs of `sdxl-refine batch` on the small refiner, as the end-to-end tests make them. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { ResultRecord } from '#src/records/result.js';
import { goldenData } from './golden.js';
import {
  parseResults,
  runCli,
  startCli,
  temporaryFolder,
  type CliOptions,
  type CliRun,
  type RunningCli,
} from './run-cli.js';

/** Opens in half the time of the tiny refiner, with which references were computed. */
export const model = goldenData('models/small-refiner');
export const picture = (name: string): string => goldenData('images', `${name}.png`);

/** Settings of which one step runs. */
export const quick = { prompt: 'a tiny picture', steps: 2, strength: 0.5, seed: 1 };
export const goodRow = { image: picture('square-64'), ...quick };
/** A row that is in the engine for longer than a test takes, and may be stopped at each of its steps. */
export const slowRow = { image: picture('square-256'), prompt: 'a slow picture', steps: 1000, strength: 1, seed: 1 };

/** A folder for the tests of one file, removed after them. */
export const workFolder = (): string => {
  const folder = temporaryFolder();
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
};

export const toJsonl = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Writes rows as JSON lines. @returns the path */
export const writeRows = (path: string, rows: readonly unknown[]): string => {
  writeFileSync(path, toJsonl(rows));
  return path;
};

export const startBatch = (args: readonly string[], options: CliOptions = {}): RunningCli =>
  startCli(['batch', '--model', model, ...args], options);

export const runBatch = (args: readonly string[], options: CliOptions = {}): Promise<CliRun> =>
  runCli(['batch', '--model', model, ...args], options);

export const readResults = (outputFolder: string): ResultRecord[] =>
  parseResults(readFileSync(join(outputFolder, 'results.jsonl'), 'utf8'));

/** Rows that a run has finished so far; a line that is being written does not count. */
export const finishedRows = (outputFolder: string): number => {
  const path = join(outputFolder, 'results.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
};

/** What a refined picture is, apart from its file: size, and colours without alpha. */
export const readPixels = async (path: string): Promise<{ width: number; height: number; data: Buffer }> => {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
};

/** What a run leaves in its output folder, sorted, but for the note it keeps for `--resume`: no lock, nothing unfinished. */
export const listOutput = (outputFolder: string): string[] =>
  readdirSync(outputFolder)
    .filter((name) => name !== '.sdxl-refine-run.json')
    .sort();
