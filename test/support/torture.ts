/** A run that is killed again and again, and must end as if nothing had happened. Linux: finds the engine in /proc. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResultRecord } from '#src/records/result.js';
import { goldenData } from './golden.js';
import { childrenOf } from './processes.js';
import { parseResults, runCli, startCli, temporaryFolder } from './run-cli.js';

export interface TortureReport {
  kills: { parent: number; engine: number };
  /** Rows that were recorded when their run was killed, summed over kills: each was looked at again later. */
  recordedAtKills: number;
  polls: number;
  /** What should not be; empty when all is well. */
  faults: string[];
}

const MODEL = goldenData('models/tiny-refiner');
const PICTURES = ['square-64', 'wide-96x64', 'tall-64x112', 'odd-75x53'];
const PNG_END = Buffer.from('IEND');

const writeManifest = (folder: string, rows: number): string => {
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
  const path = join(folder, 'manifest.jsonl');
  writeFileSync(path, lines.join('\n'));
  return path;
};

/** Final names must only ever stand for whole files. */
const watch = (folder: string, report: TortureReport): (() => void) => {
  const timer = setInterval(() => {
    report.polls++;
    for (const name of picturesIn(folder)) {
      const bytes = readFileSync(join(folder, 'out', name));
      if (!bytes.subarray(-12).includes(PNG_END)) report.faults.push(`${name} was seen with ${bytes.length} bytes`);
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

const recorded = (folder: string): ResultRecord[] => {
  try {
    const text = readFileSync(join(folder, 'results.jsonl'), 'utf8');
    return parseResults(text.slice(0, text.lastIndexOf('\n') + 1));
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

/** @param random numbers from 0 to 1: when to kill, and whom */
export const torture = async (rows: number, kills: number, random: () => number): Promise<TortureReport> => {
  const folder = temporaryFolder();
  const manifest = writeManifest(folder, rows);
  const [calm, shaken] = [join(folder, 'calm'), join(folder, 'shaken')];
  const command = (out: string): string[] => ['batch', manifest, '--model', MODEL, '--output-dir', out];
  const start = performance.now();
  const reference = await runCli([...command(calm), '--quiet']);
  const wholeMs = performance.now() - start;
  const report: TortureReport = { kills: { parent: 0, engine: 0 }, recordedAtKills: 0, polls: 0, faults: [] };
  if (reference.code !== 0) report.faults.push(`the undisturbed run ended with ${reference.code}: ${reference.stderr}`);

  const stopWatching = watch(shaken, report);
  let known = new Map<string, string>();
  const checkKnown = (): void => {
    const now = fingerprints(shaken);
    for (const [name, mark] of known) if (now.get(name) !== mark) report.faults.push(`${name} was done again`);
    known = now;
  };
  for (let kill = 0; kill < kills; kill++) {
    const run = startCli([...command(shaken), '--retry-failed']);
    /* From before the model is open to some rows in; a run that ends first is killed too late, which is harmless. */
    await new Promise((resolve) => setTimeout(resolve, 200 + random() * Math.min(wholeMs, 4000)));
    const pid = run.process.pid!;
    const engine = random() < 0.5 ? childrenOf(pid)[0] : undefined;
    if (engine === undefined) {
      run.process.kill('SIGKILL');
      report.kills.parent++;
    } else {
      process.kill(engine, 'SIGKILL');
      report.kills.engine++;
      await new Promise((resolve) => setTimeout(resolve, random() * 1000));
      run.process.kill('SIGKILL');
    }
    await run.done;
    checkKnown();
    report.recordedAtKills += known.size;
  }
  const last = await runCli([...command(shaken), '--retry-failed']);
  checkKnown();
  stopWatching();

  if (last.code !== 0) report.faults.push(`the last run ended with ${last.code}: ${last.stderr}`);
  const [ours, theirs] = [withoutTimes(shaken), withoutTimes(calm)];
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) report.faults.push('results differ from the undisturbed run');
  for (const name of picturesIn(calm)) {
    const same = readFileSync(join(calm, 'out', name)).equals(readFileSync(join(shaken, 'out', name)));
    if (!same) report.faults.push(`${name} differs from the undisturbed run`);
  }
  for (const name of picturesIn(shaken)) {
    if (!picturesIn(calm).includes(name)) report.faults.push(`${name} was left over`);
  }
  return report;
};
