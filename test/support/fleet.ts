/** Workers, engines, enqueue and the broker itself, killed at random moments; the run must end as if nothing had happened. Linux. */
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestBroker } from './brokers.js';
import { goldenData } from './golden.js';
import { childrenOf, signal } from './processes.js';
import { parseResults, runCli, startCli, type CliRun, type RunningCli } from './run-cli.js';

export interface FleetOptions {
  /** Empty; the broker and the run are in it. */
  folder: string;
  startBroker: (folder: string) => Promise<TestBroker>;
  rows: number;
  kills: number;
  workers: number;
  chunkRows: number;
  lockSeconds: number;
  /** Numbers from 0 to 1. */
  random: () => number;
  /** Mean of the time between kills, in milliseconds. */
  pauseMs: number;
  /** The run must end within so many milliseconds. */
  limitMs: number;
}

export interface FleetReport {
  kills: Record<'worker' | 'engine' | 'broker' | 'enqueue', number>;
  rows: number;
  seconds: { calm: number; fleet: number };
  faults: string[];
}

const MODEL = goldenData('models/small-refiner');
const PICTURES = ['square-64', 'wide-96x64', 'tall-64x112', 'odd-75x53'];

export const writeManifest = (path: string, rows: number): void => {
  const lines = Array.from({ length: rows }, (_, index) =>
    JSON.stringify({
      image: goldenData('images', `${PICTURES[index % PICTURES.length]!}.png`),
      prompt: `row ${index}`,
      strength: 0.5,
      steps: 2 + (index % 5) * 2,
      /* Some rows get names of their own, some are invalid. */
      ...(index % 3 === 0 ? {} : { output: `out/${index}.png` }),
      ...(index % 20 === 19 ? { strength: 7 } : {}),
      seed: index,
      id: `id-${index}`,
    }),
  );
  writeFileSync(path, `${lines.join('\n')}\n`);
};

export const fleet = async (options: FleetOptions): Promise<FleetReport> => {
  const { folder, rows, workers, chunkRows, lockSeconds } = options;
  const report: FleetReport = {
    kills: { worker: 0, engine: 0, broker: 0, enqueue: 0 },
    rows,
    seconds: { calm: 0, fleet: 0 },
    faults: [],
  };
  const [manifest, calm, store] = [join(folder, 'm.jsonl'), join(folder, 'calm'), join(folder, 'store')];
  mkdirSync(folder, { recursive: true });
  writeManifest(manifest, rows);
  let start = performance.now();
  const { code } = await runCli(['batch', manifest, '--model', MODEL, '-o', calm, '--quiet']);
  if (code !== 1) report.faults.push(`the undisturbed run ended with ${code}`);
  report.seconds.calm = (performance.now() - start) / 1000;

  const broker = await options.startBroker(join(folder, 'broker'));
  const queue = ['--queue', broker.uri, '--queue-timeout', '120'];
  start = performance.now();
  let isOver = false;
  /** Runs a command again until it ends by itself. */
  const keepRunning = async (args: readonly string[], slot: Slot): Promise<CliRun> => {
    for (;;) {
      slot.running = startCli(args);
      const run = await slot.running.done;
      if (run.signal !== 'SIGKILL') return run;
    }
  };
  const enqueueSlot: Slot = { running: null };
  const workerSlots = Array.from({ length: workers }, (): Slot => ({ running: null }));
  const enqueue = ['enqueue', manifest, ...queue, '--store', store, '--model', MODEL, '--window', '4'];
  const work = ['work', ...queue, '--lock-seconds', String(lockSeconds), '--exit-when-idle', '1', '--quiet'];
  const enqueued = keepRunning([...enqueue, '--chunk-rows', String(chunkRows), '--quiet'], enqueueSlot).then((run) => {
    if (run.code !== 0) report.faults.push(`enqueue ended with ${run.code}: ${run.stderr}`);
  });
  const worked = workerSlots.map(async (slot) => {
    /* Workers that find nothing while enqueue is down end; a fleet starts others. */
    while (!isOver) {
      const run = await keepRunning(work, slot);
      if (run.code !== 0) report.faults.push(`a worker ended with ${run.code}: ${run.stderr}`);
      if (run.code !== 0 || isFinished(store)) return;
    }
  });
  const stopWatching = watchPictures(join(store, 'pictures'), report);
  const killing = killAtRandom({
    ...options,
    broker,
    report,
    enqueueSlot,
    workerSlots,
    isOver: () => isOver || isFinished(store),
  });
  const timeout = new AbortController();
  await Promise.race([
    Promise.all([enqueued, ...worked, killing]),
    sleep(options.limitMs, undefined, { signal: timeout.signal }).then(
      () => report.faults.push('the run did not end'),
      () => undefined,
    ),
  ]);
  timeout.abort();
  isOver = true;
  for (const slot of [enqueueSlot, ...workerSlots]) slot.running?.process.kill('SIGKILL');
  report.seconds.fleet = (performance.now() - start) / 1000;
  stopWatching();
  await broker.stop();
  const all = join(folder, 'results.jsonl');
  const collected = await runCli(['collect', '--store', store, '-o', all]);
  if (collected.code !== 1) report.faults.push(`collect ended with ${collected.code}: ${collected.stderr}`);
  else report.faults.push(...compareRuns({ all, store, calm }));
  return report;
};

interface Slot {
  running: RunningCli | null;
}

const isFinished = (store: string): boolean => {
  const end = join(store, 'end.json');
  if (!existsSync(end)) return false;
  const { chunks } = JSON.parse(readFileSync(end, 'utf8')) as { chunks: number };
  return countResults(store) >= chunks;
};

const countResults = (store: string): number =>
  existsSync(join(store, 'results'))
    ? readdirSync(join(store, 'results')).filter((name) => name.endsWith('.jsonl') && !name.startsWith('.')).length
    : 0;

interface Killing extends Pick<FleetOptions, 'kills' | 'random' | 'pauseMs'> {
  broker: TestBroker;
  report: FleetReport;
  enqueueSlot: Slot;
  workerSlots: readonly Slot[];
  isOver: () => boolean;
}

const killAtRandom = async (options: Killing): Promise<void> => {
  const { kills, random, pauseMs, broker, report, enqueueSlot, workerSlots, isOver } = options;
  const total = (): number => Object.values(report.kills).reduce((sum, count) => sum + count, 0);
  while (total() < kills && !isOver()) {
    await sleep(2 * random() * pauseMs);
    if (isOver()) return;
    const slot = workerSlots[Math.floor(random() * workerSlots.length)]!;
    const draw = random();
    if (draw < 0.4) {
      if (kill(slot)) report.kills.worker++;
    } else if (draw < 0.7) {
      const engine = slot.running?.process.pid === undefined ? undefined : childrenOf(slot.running.process.pid)[0];
      if (engine !== undefined && signal(engine, 'SIGKILL')) report.kills.engine++;
    } else if (draw < 0.85) {
      report.kills.broker++;
      await broker.shake(random() * 2000);
    } else if (kill(enqueueSlot)) report.kills.enqueue++;
  }
};

const kill = ({ running }: Slot): boolean => {
  if (running === null || running.process.exitCode !== null || running.process.signalCode !== null) return false;
  return running.process.kill('SIGKILL');
};

/** A picture appears whole, and is never written again. */
const watchPictures = (folder: string, { faults }: FleetReport): (() => void) => {
  const marks = new Map<string, string>();
  const look = (): void => {
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.png')) continue;
      const { ino, mtimeMs, size } = statSync(join(folder, name));
      const mark = `${ino} ${mtimeMs} ${size}`;
      const before = marks.get(name);
      if (before !== undefined && before !== mark) faults.push(`${name} was written twice`);
      marks.set(name, mark);
    }
  };
  const timer = setInterval(look, 500);
  return () => {
    clearInterval(timer);
    look();
  };
};

const withoutTimes = (path: string): string[] =>
  parseResults(readFileSync(path, 'utf8')).map(({ duration_ms: _duration, ...record }) => JSON.stringify(record));

/** @returns what differs from an undisturbed `batch`, but for times */
export const compareRuns = ({ all, store, calm }: Record<'all' | 'store' | 'calm', string>): string[] => {
  const faults: string[] = [];
  const [own, expected] = [withoutTimes(all), withoutTimes(join(calm, 'results.jsonl'))];
  if (own.length !== expected.length) faults.push(`${own.length} results, expected ${expected.length}`);
  const first = expected.findIndex((line, index) => own[index] !== line);
  if (first !== -1) faults.push(`result ${first} is ${own[first]}, expected ${expected[first]}`);
  const pictures = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.png'))
      .sort();
  const [ownPictures, calmPictures] = [pictures(join(store, 'pictures')), pictures(calm)];
  if (ownPictures.join() !== calmPictures.join()) faults.push('other pictures than the undisturbed run');
  for (const name of calmPictures) {
    const path = join(store, 'pictures', name);
    if (existsSync(path) && !readFileSync(path).equals(readFileSync(join(calm, name)))) faults.push(`${name} differs`);
  }
  const left = readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((name) => /parts\/.*jsonl$/.test(name));
  if (left.length > 0) faults.push(`parts were left: ${left.join(', ')}`);
  return faults;
};
