/** A run that is stopped ends within two seconds, keeps what is finished, and leaves nothing else behind. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  finishedRows,
  goodRow,
  listOutput,
  quick,
  readPixels,
  readResults,
  slowRow,
  startBatch,
  workFolder,
  writeRows,
} from '../support/batch.js';
import { holdingEngine, untilHeld } from '../support/holding-engine.js';
import { itOnLinux } from '../support/it-on-linux.js';
import { withLatePicture } from '../support/late-picture.js';
import { childrenOf, isRunning, processorWait, waitFor } from '../support/processes.js';
import type { CliRun, RunningCli } from '../support/run-cli.js';

const folder = workFolder();
const manifest = writeRows(join(folder, 'manifest.jsonl'), [goodRow, slowRow, goodRow]);
const STOP_LIMIT_MS = 2000;
let count = 0;

interface Started extends RunningCli {
  pid: number;
  out: string;
  /** Where the run keeps what lasts no longer than it. */
  scratch: string;
}

/** Starts a run in a process group of its own, as a shell does. */
const start = (inputs: readonly string[], given: NodeJS.ProcessEnv = process.env): Started => {
  const name = join(folder, `run-${++count}`);
  const [out, scratch] = [join(name, 'out'), join(name, 'scratch')];
  mkdirSync(scratch, { recursive: true });
  const env = { ...given, TMPDIR: scratch };
  const running = startBatch([...inputs, '--output-dir', out], { env, detached: true, input: null });
  return { ...running, pid: running.process.pid!, out, scratch };
};

const LOOK_MS = 10;
/**
 * Sends a signal and waits.
 * @returns how the run ended, and how long that took, without the time in which it waited for a processor, or this process stood still
 */
const stop = async ({ process: { pid }, done }: RunningCli, send: () => void): Promise<CliRun & { took: number }> => {
  const before = processorWait(pid!);
  let [waited, late] = [0, 0];
  const sent = performance.now();
  let looked = sent;
  const look = (): void => {
    waited = Math.max(waited, processorWait(pid!) - before);
    const now = performance.now();
    late += Math.max(0, now - looked - LOOK_MS);
    looked = now;
  };
  const watch = setInterval(look, LOOK_MS);
  send();
  const run = await done;
  clearInterval(watch);
  look();
  return { ...run, took: looked - sent - waited - late };
};

const expectStopped = (run: CliRun & { took: number }, { scratch }: Started): void => {
  expect(run).toMatchObject({ code: 130, signal: null, stdout: '' });
  expect(run.took).toBeLessThan(STOP_LIMIT_MS);
  expect(run.stderr).toContain('[CANCELLED]');
  expect(run.stderr).not.toMatch(/^ +at /m);
  expect(readdirSync(scratch)).toEqual([]);
};

const signals: { what: string; send: (pid: number) => void }[] = [
  { what: 'SIGINT', send: (pid) => process.kill(pid, 'SIGINT') },
  { what: 'SIGINT to the whole group, as a terminal does', send: (pid) => process.kill(-pid, 'SIGINT') },
  { what: 'SIGTERM', send: (pid) => process.kill(pid, 'SIGTERM') },
  { what: 'SIGTERM to the whole group, as a service manager does', send: (pid) => process.kill(-pid, 'SIGTERM') },
  {
    what: 'SIGHUP twice, as a shell and its terminal send it',
    send: (pid) => {
      process.kill(-pid, 'SIGHUP');
      process.kill(pid, 'SIGHUP');
    },
  },
  { what: 'SIGQUIT', send: (pid) => process.kill(-pid, 'SIGQUIT') },
];

describe('a run in the middle of a row', () => {
  itOnLinux.each(signals)('ends with $what', async ({ send }) => {
    const run = start([manifest]);
    await waitFor('the first row', () => finishedRows(run.out) >= 1);
    const [engine] = childrenOf(run.pid);
    expectStopped(
      await stop(run, () => {
        send(run.pid);
      }),
      run,
    );
    expect(readResults(run.out)).toMatchObject([{ status: 'ok', image_file_name: 'square-64.png' }]);
    expect(listOutput(run.out)).toEqual(['results.jsonl', 'square-64.png']);
    expect(await readPixels(join(run.out, 'square-64.png'))).toMatchObject({ width: 64, height: 64 });
    await waitFor('the end of the engine', () => !isRunning(engine!));
  });

  itOnLinux('ends at once when asked twice', async () => {
    const run = start([manifest]);
    await waitFor('the first row', () => finishedRows(run.out) >= 1);
    const [engine] = childrenOf(run.pid);
    const ended = await stop(run, () => {
      process.kill(-run.pid, 'SIGINT');
      process.kill(-run.pid, 'SIGTERM');
    });
    expect(ended).toMatchObject({ code: 130, signal: null, stdout: '' });
    expect(ended.took).toBeLessThan(STOP_LIMIT_MS);
    expect(readResults(run.out)).toHaveLength(1);
    await waitFor('the end of the engine', () => !isRunning(engine!));
  });

  itOnLinux('takes its engine along when it is killed', async () => {
    const run = start([manifest]);
    await waitFor('the first row', () => finishedRows(run.out) >= 1);
    const [engine] = childrenOf(run.pid);
    /* It finds out in the middle of its work, when it has something to say. */
    process.kill(engine!, 'SIGSTOP');
    process.kill(run.pid, 'SIGKILL');
    await waitFor('the end of the run', () => !isRunning(run.pid));
    process.kill(engine!, 'SIGCONT');
    expect((await run.done).stderr).not.toMatch(/^ +at |Error/m);
    await waitFor('the end of the engine', () => !isRunning(engine!));
    expect(readResults(run.out)).toHaveLength(1);
  });
});

const interrupt =
  ({ pid }: Started) =>
  (): void => {
    process.kill(-pid, 'SIGINT');
  };

itOnLinux('a run that opens its model ends with Ctrl-C', async () => {
  const run = start([writeRows(join(folder, 'one.jsonl'), [goodRow])], holdingEngine({ steps: 0 }));
  const engine = await untilHeld(run.pid);
  expectStopped(await stop(run, interrupt(run)), run);
  await waitFor('the end of the engine', () => !isRunning(engine));
  expect(finishedRows(run.out)).toBe(0);
});

it('a run that waits for standard input ends with Ctrl-C', async () => {
  const run = start(['-']);
  await waitFor('a place for standard input', () => readdirSync(run.scratch, { recursive: true }).length > 1);
  expectStopped(await stop(run, interrupt(run)), run);
  expect(existsSync(run.out)).toBe(false);
});

it('a run that reads a long manifest ends with Ctrl-C', async () => {
  const long = writeRows(join(folder, 'long.jsonl'), Array<object>(100_000).fill({ ...goodRow, strength: 2 }));
  const run = start([long]);
  await waitFor('the start', () => readdirSync(run.scratch).length > 0);
  expectStopped(await stop(run, interrupt(run)), run);
});

it('a dry run ends with Ctrl-C', async () => {
  const rows = writeRows(join(folder, 'dry.jsonl'), Array<object>(20_000).fill(goodRow));
  const run = start([rows, '--dry-run', '--json']);
  await new Promise((resolve) => run.process.stdout.once('data', resolve));
  const ended = await stop(run, interrupt(run));
  expect(ended.stdout).not.toContain('summary');
  expectStopped({ ...ended, stdout: '' }, run);
});

it('a run that waits for a server ends with Ctrl-C', async () => {
  await withLatePicture(async ({ url, requested }) => {
    const run = start([writeRows(join(folder, 'hanging.jsonl'), [goodRow, { ...quick, image: url }])]);
    await requested();
    await waitFor('the first row', () => finishedRows(run.out) === 1);
    expectStopped(await stop(run, interrupt(run)), run);
    expect(listOutput(run.out)).toEqual(['results.jsonl', 'square-64.png']);
  });
});
