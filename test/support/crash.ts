/**
 * Runs on a disk that fails at one call, or whose process is killed there; then the same run again on a disk that works.
 * What must hold is what docs/reliability.md promises.
 */
import { cpSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filesIn, recorded, stateOf, type Stage } from './crash-stage.js';
import { readNotes, type CallNote, type Form, type ShimOptions } from './fault-shim.js';
import { parseResults } from './run-cli.js';
import type { ShakenCommand, ShakenRun } from './shaken-command.js';

/** What of an undisturbed run's calls counts for a form, in their order. */
export const callsOf = ({ notes }: Stage, calls: readonly string[]): CallNote[] =>
  notes.filter(({ phase, call }) => phase === 'begin' && (calls.length === 0 || calls.includes(call)));

/** The calls that a form can meet. */
export const FORMS: Readonly<Record<Form, readonly string[]>> = {
  EIO: [],
  ENOSPC: ['write', 'create', 'mkdir', 'rename', 'link', 'fsync', 'fdatasync'],
  EXDEV: ['rename', 'link'],
  EPERM: ['link'],
  'ever EIO': [],
  'ever ENOSPC': ['write', 'create', 'mkdir'],
  short: ['write'],
  before: [],
  after: [],
};

export type Blow = Required<Pick<ShimOptions, 'calls' | 'at' | 'form'>>;

export interface Survival {
  /** The call was there to be met. */
  isMet: boolean;
  /** What should not be; empty when all is well. */
  faults: string[];
}

/** The run with one blow, then without. */
export const strike = async (stage: Stage, blow: Blow, command: ShakenCommand): Promise<Survival> => {
  const { disk, prepared, log, scenario } = stage;
  rmSync(disk, { recursive: true, force: true });
  rmSync(log, { force: true });
  cpSync(prepared, disk, { recursive: true, preserveTimestamps: true });
  const struck = await command.run(stage.command, { folder: disk, log, ...blow });
  const met = readNotes(log).find(({ number }) => number === blow.at);
  if (met === undefined) return { isMet: false, faults: [] };
  /* A picture that cannot be read is done again, in its own time. */
  const isRedone = met.call === 'open' && stage.calm.files.has(relative(disk, met.path));
  if (isRedone && struck.code === stage.calmCode) return { isMet: true, faults: [] };
  const faults = [...judgeEnd(stage, blow, struck), ...judgeFolder(stage, blow, struck)];

  const marks = finishedMarks(stage);
  /* A lock that stayed is of a process that has ended. */
  if (struck.code !== null && filesIn(disk).some((name) => name.endsWith('.lock'))) command.renew();
  const again = await command.run(stage.command);
  if (again.code !== stage.calmCode) faults.push(`the next run ended with ${again.code}: ${again.stderr}`);
  faults.push(...judgeWhole(stage, 'after the next run'));
  const after = finishedMarks(stage);
  for (const [name, mark] of scenario.beginsAnew === true ? [] : marks) {
    if (after.get(name) !== mark) faults.push(`${name} was done again`);
  }
  const left = filesIn(disk).filter((name) => name.endsWith('.tmp') || name.endsWith('.lock'));
  if (left.length > 0) faults.push(`left after the next run: ${left.join(', ')}`);
  const where = `${scenario.name}, ${blow.form} at ${met.call} ${blow.at}, ${relative(disk, met.path)}`;
  return { isMet: true, faults: faults.map((fault) => `${where}: ${fault}`) };
};

const isKill = ({ form }: Blow): boolean => form === 'before' || form === 'after';

/** The exit code is a documented one, and the message says what happened. */
const judgeEnd = (stage: Stage, blow: Blow, { code, stderr }: ShakenRun): string[] => {
  if (isKill(blow)) return code === null ? [] : [`not killed, but ended with ${code}`];
  if (code === stage.calmCode) return judgeWhole(stage, 'though the run ended well');
  if (code !== 6) return [`ended with ${code}: ${stderr}`];
  const errno = blow.form.replace('ever ', '');
  const said = stderr.split('\n').find((line) => line.includes('[OUTPUT_')) ?? '';
  return said.includes(errno) && said.includes(stage.disk) ? [] : [`does not say what failed where: ${stderr}`];
};

/** Nothing partial under a final name; every line has its picture; what was said to be finished is written down. */
const judgeFolder = (stage: Stage, blow: Blow, { stdout }: ShakenRun): string[] => {
  const { disk, calm, prepared } = stage;
  const { files } = stateOf(disk);
  const faults: string[] = [];
  for (const [name, bytes] of files) {
    const old = join(prepared, name);
    const isKnown =
      calm.files.get(name)?.equals(bytes) === true || (existsSync(old) && readFileSync(old).equals(bytes));
    if (!isKnown) faults.push(`${name} is neither the old nor the new file (${bytes.length} bytes)`);
  }
  const records = recorded(disk);
  for (const { status, image_file_name: name } of records) {
    /* One that is to go may be gone before its line. */
    if (status === 'ok' && calm.files.has(`o/${name}`) && !files.has(`o/${name}`))
      faults.push(`${name} has a line and no picture`);
  }
  const lines = new Set(records.map(({ digest, image }) => digest ?? image));
  for (const line of parseResults(stdout.slice(0, stdout.lastIndexOf('\n') + 1))) {
    if (!('row_number_per_file' in line)) continue;
    if (!lines.has(line.digest ?? line.image))
      faults.push(`${line.image_file_name} was said to be finished and is not`);
  }
  const left = filesIn(disk).filter((name) => name.endsWith('.tmp'));
  if (blow.form === 'EIO' && left.length > 0 && !isAtUnlink(stage, blow)) faults.push(`left: ${left.join(', ')}`);
  return faults;
};

/** What was to be cleared away could not be. */
const isAtUnlink = ({ log }: Stage, { at }: Blow): boolean =>
  readNotes(log).some(({ number, call }) => number === at && call === 'unlink');

const judgeWhole = ({ disk, calm }: Stage, when: string): string[] => {
  const { files, results } = stateOf(disk);
  const faults: string[] = [];
  for (const [name, bytes] of calm.files) {
    if (files.get(name)?.equals(bytes) !== true) faults.push(`${name} is not as without the blow, ${when}`);
  }
  for (const name of files.keys()) if (!calm.files.has(name)) faults.push(`${name} is too much, ${when}`);
  if (JSON.stringify(results) !== JSON.stringify(calm.results)) faults.push(`results differ, ${when}`);
  return faults;
};

/** Pictures that are finished as they should be, and have their line: by what changes when they are written again. */
const finishedMarks = ({ disk, calm }: Stage): Map<string, string> =>
  new Map(
    recorded(disk).flatMap(({ status, image_file_name: name, digest }) => {
      const path = join(disk, 'o', name ?? '');
      const isAsCalm = calm.results.some((result) => result.digest === digest);
      const isDone = status === 'ok' && name !== null && isAsCalm && existsSync(path);
      if (!isDone || calm.files.get(`o/${name}`)?.equals(readFileSync(path)) !== true) return [];
      const { ino, mtimeMs } = statSync(path);
      return [[name, `${ino} ${mtimeMs}`]];
    }),
  );
