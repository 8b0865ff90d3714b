/** Runs of some 20 rows, each with what lies behind it and how it ends undisturbed: what a blow is compared with. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ResultRecord } from '#src/records/result.js';
import { readNotes, type CallNote } from './fault-shim.js';
import { goldenData } from './golden.js';
import { parseResults, temporaryFolder } from './run-cli.js';
import type { ShakenCommand } from './shaken-command.js';

const MODEL = goldenData('models/small-refiner');
const PICTURE = goldenData('images/square-64.png');
const FOLDERS = ['', 'out/', 'deep/er/'];

/** Rows that are the same work in every manifest. One has no picture, unless `late` is there. */
const rowsOf = (folder: string, indices: readonly number[], strength = 0.5): object[] =>
  indices.map((index) => ({
    image: index % 10 === 7 ? join(folder, 'late.png') : PICTURE,
    prompt: `row ${index}`,
    strength,
    steps: 2,
    seed: index,
    output: `${FOLDERS[index % FOLDERS.length]}${index}.png`,
  }));

const range = (begin: number, end: number): number[] => Array.from({ length: end - begin }, (_, at) => begin + at);

/** Words that name a manifest stand for its path. */
export interface Scenario {
  name: string;
  /** Runs that the folder has behind it; `late.png` comes after them. */
  before: readonly (readonly string[])[];
  /** The run that is disturbed. */
  args: readonly string[];
  /** Given again, it does everything again. */
  beginsAnew?: boolean;
}

const manifestsIn = (folder: string): Readonly<Record<string, object[]>> => ({
  all: rowsOf(folder, range(0, 20)),
  more: rowsOf(folder, range(20, 28)),
  changed: [...rowsOf(folder, range(0, 3), 0.75), ...rowsOf(folder, range(3, 14))],
});

export const SCENARIOS: readonly Scenario[] = [
  { name: 'resume from nothing', before: [], args: ['all', '--resume'] },
  { name: 'resume from the middle', before: [['all', '--limit', '9']], args: ['all', '--resume', '--retry-failed'] },
  { name: 'append', before: [['all']], args: ['all', 'more', '--append', '--retry-failed'] },
  {
    name: 'append what failed',
    before: [['all', '--limit', '14']],
    args: ['all', '--append', '--retry-failed'],
  },
  { name: 'prune', before: [['all']], args: ['changed', '--resume', '--prune'] },
  { name: 'overwrite', before: [['all']], args: ['changed', '--overwrite'], beginsAnew: true },
];

export interface Stage {
  scenario: Scenario;
  /** Where the disk is watched: outputs and the CSV. */
  disk: string;
  /** As it is before the run, and after an undisturbed one. */
  prepared: string;
  calm: State;
  calmCode: number;
  /** Of the undisturbed run. */
  notes: readonly CallNote[];
  command: readonly string[];
  log: string;
}

/** What a folder shows: its files by name, and its results without times. */
export interface State {
  files: ReadonlyMap<string, Buffer>;
  results: readonly Omit<ResultRecord, 'duration_ms'>[];
}

export const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    : [];

/** Ours, which no one looks at. */
const isHidden = (name: string): boolean => (name.split('/').at(-1) ?? '').startsWith('.sdxl-refine');

export const RESULTS = 'o/results.jsonl';

export const recorded = (disk: string): ResultRecord[] => {
  const path = join(disk, RESULTS);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  /* Of a killed process, the last line may be torn. */
  return parseResults(text.slice(0, text.lastIndexOf('\n') + 1));
};

export const stateOf = (disk: string): State => {
  const names = filesIn(disk).filter((name) => !isHidden(name) && name !== RESULTS);
  return {
    files: new Map(names.map((name) => [name, readFileSync(join(disk, name))])),
    results: recorded(disk).map(({ duration_ms: _duration, ...record }) => record),
  };
};

/** Runs what comes before, and the run itself undisturbed. */
export const setStage = async (scenario: Scenario, command: ShakenCommand): Promise<Stage> => {
  const folder = temporaryFolder();
  const [disk, prepared, log] = [join(folder, 'disk'), join(folder, 'prepared'), join(folder, 'log')];
  mkdirSync(disk);
  const manifests = manifestsIn(folder);
  for (const [name, rows] of Object.entries(manifests)) {
    writeFileSync(join(folder, `${name}.jsonl`), rows.map((row) => JSON.stringify(row)).join('\n'));
  }
  const argsOf = (words: readonly string[]): string[] => [
    'batch',
    ...words.map((word) => (word in manifests ? join(folder, `${word}.jsonl`) : word)),
    ...['--model', MODEL, '--output-dir', join(disk, 'o'), '--predictions-csv', join(disk, 'csv/p.csv'), '--json'],
  ];
  for (const words of scenario.before) await command.run(argsOf(words));
  if (scenario.before.length > 0) cpSync(PICTURE, join(folder, 'late.png'));
  cpSync(disk, prepared, { recursive: true, preserveTimestamps: true });
  const run = await command.run(argsOf(scenario.args), { folder: disk, log });
  if (run.code !== 0 && run.code !== 1) throw new Error(`the undisturbed run ended with ${run.code}: ${run.stderr}`);
  const notes = readNotes(log);
  return {
    ...{ scenario, disk, prepared, log, notes, command: argsOf(scenario.args) },
    ...{ calm: stateOf(disk), calmCode: run.code },
  };
};
