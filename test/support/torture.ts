/** A run that is killed again and again, and must end as if nothing had happened. Linux: finds the engine in /proc. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResultRecord } from '#src/records/result.js';
import { goldenData } from './golden.js';
import { childrenOf, signal } from './processes.js';
import { parseResults, startCli, temporaryFolder, type RunningCli } from './run-cli.js';

export interface TortureReport {
  kills: { parent: number; engine: number };
  /** Where runs were when they were killed: no row of theirs finished yet, some, or all. */
  phases: { opening: number; rows: number; settling: number };
  /** Runs killed until one ended by itself. */
  episodes: Record<string, number>;
  /** Rows that were recorded when their run was killed, summed over kills: each was looked at again later. */
  recordedAtKills: number;
  polls: number;
  /** What should not be; empty when all is well. */
  faults: string[];
}

/** A way to run a manifest that is killed and given again until it ends. */
interface Mode {
  name: string;
  /** What ran before, undisturbed. */
  before: (place: Place) => string[][];
  /** Side by side; each is killed, and given again. */
  commands: (place: Place) => string[][];
}
interface Place {
  manifests: { all: string; first: string; second: string };
  out: string;
}

const batch = (manifest: string, { out }: Place, ...more: string[]): string[] => [
  ...['batch', manifest, '--model', MODEL, '--output-dir', out],
  ...more,
];
export const MODES: readonly Mode[] = [
  {
    name: 'resume',
    before: () => [],
    commands: (place) => [batch(place.manifests.all, place, '--retry-failed', '--predictions-csv', `${place.out}.csv`)],
  },
  {
    name: 'shards',
    before: () => [],
    commands: (place) =>
      ['1/2', '2/2'].map((shard) => batch(place.manifests.all, place, '--retry-failed', '--shard', shard)),
  },
  {
    name: 'append',
    before: (place) => [batch(place.manifests.first, place)],
    commands: (place) => [batch(place.manifests.second, place, '--append', '--retry-failed')],
  },
  {
    name: 'prune',
    before: (place) => [batch(place.manifests.first, place)],
    commands: (place) => [batch(place.manifests.second, place, '--resume', '--prune', '--retry-failed')],
  },
];

const MODEL = goldenData('models/tiny-refiner');
const PICTURES = ['square-64', 'wide-96x64', 'tall-64x112', 'odd-75x53'];
/** From one kill to the next: a run that goes on where it stood comes to its end in a few. */
const LONGEST_MS = 4000;
const AFTER_ROW_MS = 500;
const PNG_END = Buffer.from('IEND');

const writeManifests = (folder: string, rows: number): Place['manifests'] => {
  const lines = Array.from({ length: rows }, (_, index) =>
    JSON.stringify({
      image: goldenData('images', `${PICTURES[index % PICTURES.length]!}.png`),
      prompt: `row ${index}`,
      strength: 0.5,
      steps: 2 + (index % 5) * 2,
      output: `out/${index}.png`,
      seed: index,
    }),
  );
  const write = (name: string, some: string[]): string => {
    const path = join(folder, `${name}.jsonl`);
    writeFileSync(path, some.join('\n'));
    return path;
  };
  const half = Math.ceil(rows / 2);
  return {
    all: write('all', lines),
    first: write('first', lines.slice(0, half)),
    second: write('second', lines.slice(half)),
  };
};

/** null: it was removed since its folder was listed, as --prune does. */
const readIfThere = (path: string): Buffer | null => {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
};

/** Final names must only ever stand for whole files. */
const watch = (folder: string, report: TortureReport): (() => void) => {
  const timer = setInterval(() => {
    report.polls++;
    for (const name of picturesIn(folder)) {
      const bytes = readIfThere(join(folder, 'out', name));
      if (bytes !== null && !bytes.subarray(-12).includes(PNG_END))
        report.faults.push(`${name} was seen with ${bytes.length} bytes`);
    }
  }, 5);
  return () => {
    clearInterval(timer);
  };
};

const picturesIn = (folder: string): string[] => {
  try {
    return readdirSync(join(folder, 'out')).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
};

/** Of all shards, in the order of their files' names. */
const recorded = (folder: string): ResultRecord[] => {
  try {
    const files = readdirSync(folder).filter((name) => /^results.*[.]jsonl$/.test(name));
    return files.sort().flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return parseResults(text.slice(0, text.lastIndexOf('\n') + 1));
    });
  } catch {
    return [];
  }
};

const fingerprints = (folder: string): Map<string, string> =>
  new Map(
    recorded(folder)
      .filter(({ status }) => status === 'ok')
      .map(({ image_file_name: name }) => {
        const { ino, mtimeMs } = statSync(join(folder, name!));
        return [name!, `${ino} ${mtimeMs}`];
      }),
  );

const withoutTimes = (folder: string): object[] =>
  recorded(folder).map(({ duration_ms: _duration, ...record }) => record);

/** Runs of all modes in turn, killed until there were `kills`. @param random numbers from 0 to 1: when to kill, and whom */
export const torture = async (
  rows: number,
  kills: number,
  random: () => number,
  modes: readonly Mode[] = MODES,
): Promise<TortureReport> => {
  const folder = temporaryFolder();
  const manifests = writeManifests(folder, rows);
  const report: TortureReport = {
    kills: { parent: 0, engine: 0 },
    phases: { opening: 0, rows: 0, settling: 0 },
    episodes: {},
    recordedAtKills: 0,
    polls: 0,
    faults: [],
  };
  const killed = (): number => report.kills.parent + report.kills.engine;
  const calm = new Map<Mode, { out: string; wholeMs: number }>();
  for (let episode = 0; killed() < kills; episode++) {
    const mode = modes[episode % modes.length]!;
    if (!calm.has(mode)) {
      const out = join(folder, `calm-${mode.name}`);
      await runAll(mode.before({ manifests, out }), report);
      const start = performance.now();
      await runAll(mode.commands({ manifests, out }), report);
      calm.set(mode, { out, wholeMs: performance.now() - start });
    }
    const undisturbed = calm.get(mode)!;
    const out = join(folder, `shaken-${episode}`);
    await runAll(mode.before({ manifests, out }), report);
    const stopWatching = watch(out, report);
    /* Each command until it ends by itself: two shards go on side by side. */
    await Promise.all(
      mode.commands({ manifests, out }).map((command) =>
        killUntilDone(command, out, {
          report,
          random,
          wholeMs: undisturbed.wholeMs,
          mayKill: () => killed() < kills,
          whole: new Set(picturesIn(undisturbed.out)),
        }),
      ),
    );
    stopWatching();
    compareRuns(out, undisturbed.out, report);
    report.episodes[mode.name] = (report.episodes[mode.name] ?? 0) + 1;
    rmSync(out, { recursive: true });
  }
  return report;
};

const runAll = async (commands: readonly string[][], { faults }: TortureReport): Promise<void> => {
  for (const command of commands) {
    /* Started as the killed runs are: a run in the warm host is shorter, and kills timed by it come before any row. */
    const { code, stderr } = await startCli([...command, '--quiet']).done;
    if (code !== 0) faults.push(`an undisturbed run ended with ${code}: ${stderr}`);
  }
};

interface Killing {
  report: TortureReport;
  random: () => number;
  /** Of an undisturbed run. */
  wholeMs: number;
  mayKill: () => boolean;
  /** Pictures that the run ends with. */
  whole: ReadonlySet<string>;
}

const killUntilDone = async (
  command: string[],
  out: string,
  { report, random, wholeMs, mayKill, whole }: Killing,
): Promise<void> => {
  const before = new Set(fingerprints(out).keys());
  let known = new Map<string, string>();
  for (;;) {
    const run = startCli(command);
    /* Every second kill follows a new row: a machine that is busier now than in the whole run would kill none but openings. */
    const [followsRow, part] = [random() < 0.5, random()];
    if (followsRow) await newRow(run, out);
    await sleep(part * (followsRow ? AFTER_ROW_MS : Math.min(wholeMs * 1.2, LONGEST_MS)));
    const isKilled = run.process.exitCode === null && mayKill();
    if (isKilled) {
      const pid = run.process.pid!;
      const engine = random() < 0.5 ? childrenOf(pid)[0] : undefined;
      if (engine !== undefined && signal(engine, 'SIGKILL')) {
        report.kills.engine++;
        await sleep(random() * 1000);
      } else report.kills.parent++;
      run.process.kill('SIGKILL');
    }
    const { code, stderr } = await run.done;
    const now = fingerprints(out);
    for (const [name, mark] of known) {
      if (whole.has(basename(name)) && now.get(name) !== mark) report.faults.push(`${name} was done again`);
    }
    if (!isKilled) {
      if (code !== 0) report.faults.push(`a run ended with ${code}: ${stderr}`);
      return;
    }
    const isNew = [...now.keys()].some((name) => !known.has(name) && !before.has(name));
    const hasAll = [...whole].every((name) => now.has(`out/${name}`));
    report.phases[hasAll ? 'settling' : isNew ? 'rows' : 'opening']++;
    report.recordedAtKills += now.size;
    known = now;
  }
};

/** Waits for one more result, or the end of the run. */
const newRow = async ({ process }: RunningCli, out: string): Promise<void> => {
  const before = recorded(out).length;
  while (process.exitCode === null && recorded(out).length <= before) await sleep(10);
};

const compareRuns = (shaken: string, calm: string, { faults }: TortureReport): void => {
  if (JSON.stringify(withoutTimes(shaken)) !== JSON.stringify(withoutTimes(calm))) {
    faults.push('results differ from the undisturbed run');
  }
  for (const name of picturesIn(calm)) {
    const bytes = readIfThere(join(shaken, 'out', name));
    if (bytes === null) faults.push(`${name} is missing`);
    else if (!bytes.equals(readFileSync(join(calm, 'out', name))))
      faults.push(`${name} differs from the undisturbed run`);
  }
  for (const name of picturesIn(shaken)) {
    if (!picturesIn(calm).includes(name)) faults.push(`${name} was left over`);
  }
  const left = readdirSync(shaken).filter((name) => name.endsWith('.tmp') || name.includes('lock'));
  if (left.length > 0) faults.push(`left over: ${left.join(', ')}`);
};
