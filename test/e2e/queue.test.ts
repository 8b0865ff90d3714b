/** A run on a queue: workers that are killed, blocked or stopped, and what people do wrong. The long form is bench/fleet.mjs. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { mt19937 } from '#src/diffusion/random/mt19937.js';
import { goodRow, model, slowRow, workFolder, writeRows } from '../support/batch.js';
import { missingForRedis, startRedis, type TestBroker } from '../support/brokers.js';
import { fleet } from '../support/fleet.js';
import { heldEngine, holdingEngine, untilHeld } from '../support/holding-engine.js';
import { isRunning, waitFor } from '../support/processes.js';
import { parseResults, runCli, startCli, type CliRun, type RunningCli } from '../support/run-cli.js';
import { skipWhere } from '../support/skip-where.js';

const missing = existsSync('/proc/self/stat') ? missingForRedis() : 'there is no /proc';
const { describe: describeWithRedis } = skipWhere(missing);

/** Enqueued at once: each waits some seconds until Redis cannot lose its jobs any more. */
const RUNS = {
  blocked: [[goodRow]],
  killsEngine: [[goodRow, slowRow, { ...goodRow, output: 'b.png' }]],
  stalls: [[slowRow, { ...goodRow, output: 'b.png' }]],
  killsWorker: [[slowRow, { ...goodRow, output: 'b.png' }]],
  stopped: [[goodRow, slowRow]],
  holes: [[goodRow, { ...goodRow, output: 'b.png' }], '--chunk-rows', '1', '--limit', '2'],
  lost: [[goodRow, { ...goodRow, output: 'b.png' }], '--chunk-rows', '1'],
} as const satisfies Record<string, readonly [rows: readonly unknown[], ...options: string[]]>;

interface Enqueued {
  manifest: string;
  store: string;
  queue: string[];
}

describeWithRedis('a queue on Redis', () => {
  const folder = workFolder();
  let redis: TestBroker;
  let closed: TestBroker;
  const enqueued = new Map<string, Enqueued>();

  /** Each on its own queue. */
  const enqueue = async (
    name: string,
    [rows, ...options]: readonly [readonly unknown[], ...string[]],
  ): Promise<void> => {
    const store = join(folder, name);
    const queue = ['--queue', redis.uri, '--queue-name', name];
    const manifest = writeRows(join(folder, `${name}.jsonl`), rows);
    const run = await runCli(['enqueue', manifest, '--model', model, '--store', store, ...queue, ...options]);
    expect(run).toMatchObject({ code: 0 });
    enqueued.set(name, { manifest, store, queue });
  };
  beforeAll(async () => {
    mkdirSync(temporary);
    [redis, closed] = await Promise.all([
      startRedis(join(folder, 'redis')),
      startRedis(join(folder, 'closed'), ['--requirepass', 'right']),
    ]);
    await Promise.all(Object.entries(RUNS).map(([name, run]) => enqueue(name, run)));
  });
  afterAll(() => Promise.all([redis.stop(), closed.stop()]));

  const runOf = (name: keyof typeof RUNS): Enqueued => enqueued.get(name)!;
  const temporary = join(folder, 'temporary');
  const startWorker = (queue: readonly string[], more: readonly string[] = [], given = env): RunningCli =>
    startCli(['work', ...queue, '--exit-when-idle', '0', '--lock-seconds', '2', ...more], {
      env: { ...given, TMPDIR: temporary },
    });
  const collect = async (store: string): Promise<ReturnType<typeof parseResults>> => {
    const { stdout } = await runCli(['collect', '--store', store, '-o', '-']);
    return parseResults(stdout);
  };
  const statusOf = async (queue: readonly string[]): Promise<Record<string, unknown>> => {
    const { stdout } = await runCli(['queue', 'status', ...queue, '--json']);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  it('ends as if nothing had been killed', async () => {
    const draw = mt19937(11);
    const report = await fleet({
      ...{ folder: join(folder, 'fleet'), startBroker: startRedis, rows: 24, kills: 4, workers: 3, chunkRows: 4 },
      ...{ lockSeconds: 2, pauseMs: 700, limitMs: 500_000, random: () => draw() / 2 ** 32 },
    });
    expect(report.faults).toEqual([]);
    expect(Object.values(report.kills).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  }, 600_000);

  it('does not start a chunk twice while its engine is blocked for longer than the lock', async () => {
    const { store, queue } = runOf('blocked');
    const lock = ['--lock-seconds', '4'];
    const first = startWorker(queue, lock, holdingEngine({ steps: 0 }));
    const engine = await untilHeld(first.process.pid!);
    await waitFor('the chunk to be taken', async () => (await statusOf(queue))['active'] === 1);
    const second = startWorker(queue, lock);
    /* Nearly two locks, and the queue looks for dead holders twice in each. */
    await sleep(7000);
    process.kill(engine, 'SIGCONT');
    const [ofFirst, ofSecond] = await Promise.all([first.done, second.done]);
    expect([ofFirst.code, ofSecond.code]).toEqual([0, 0]);
    expect(ofFirst.stderr).toContain('1 row in');
    expect(ofSecond.stderr).not.toContain('chunk 0');
    expect((await collect(store)).map(({ status }) => status)).toEqual(['ok']);
  });

  it('gives up a row that ends its engine twice, and goes on', async () => {
    const { store, queue } = runOf('killsEngine');
    const worker = startWorker(queue, ['--metrics-port', '0'], holdingEngine());
    let said = '';
    worker.process.stderr.on('data', (text: string) => (said += text));
    for (let death = 0; death < 2; death++) {
      const engine = await untilHeld(worker.process.pid!);
      const metrics = await waitFor('metrics', () => /http:\S+/.exec(said)?.[0]);
      expect(await (await fetch(metrics)).text()).toMatch(/^sdxl_refine_step_seconds_count [1-9]/m);
      process.kill(engine, 'SIGKILL');
      await waitFor('the end of the engine', () => !isRunning(engine));
    }
    expect((await worker.done).code).toBe(0);
    expect((await collect(store)).map(({ status, error }) => error?.code ?? status)).toEqual([
      'ok',
      'WORKER_DIED',
      'ok',
    ]);
  });

  it('ends an engine that takes no step, tries its row again, and then gives it up', async () => {
    const { store, queue } = runOf('stalls');
    const worker = startWorker(queue, ['--stall-seconds', '1'], holdingEngine());
    expect((await worker.done).code).toBe(0);
    expect((await collect(store)).map(({ status, error }) => error?.code ?? status)).toEqual(['ENGINE_STALLED', 'ok']);
  });

  it('gives up a row that ends its worker twice', async () => {
    const { store, queue } = runOf('killsWorker');
    let deaths = 0;
    for (; deaths < 9; deaths++) {
      const worker = startWorker(queue, [], holdingEngine());
      const ended = await waitFor('its end, or an engine that holds', () =>
        worker.process.exitCode === null ? heldEngine(worker.process.pid!) : 'ended',
      );
      if (ended === 'ended') break;
      worker.process.kill('SIGKILL');
      /* It sees that its worker is gone, and lets go of what the worker wrote to. */
      process.kill(ended, 'SIGCONT');
      await worker.done;
    }
    /* Beside the next row at first, where a death is nobody's fault; then alone. A busy machine may lose the lock before. */
    expect([2, 3]).toContain(deaths);
    expect((await collect(store)).map(({ status, error }) => error?.code ?? status)).toEqual(['WORKER_DIED', 'ok']);
    /* Those that were killed could not remove their folders. */
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('hands its chunk back on SIGTERM, with what is finished', async () => {
    const { store, queue } = runOf('stopped');
    const worker = startWorker(queue);
    await waitFor('the first picture', () => existsSync(join(store, 'pictures/square-64.png')));
    worker.process.kill('SIGTERM');
    const { code, stderr } = await worker.done;
    expect([code, stderr.includes('went back to the queue')]).toEqual([0, true]);
    expect(await statusOf(queue)).toMatchObject({
      waiting: 1,
      active: 0,
      failed: 0,
      run: { rows: 2, chunks: 1, finished: 0 },
    });
    expect(readdirSync(join(store, 'parts/000000000'))).toHaveLength(1);
  });

  const refusals: [what: string, args: (uri: string) => string[], code: number, said: RegExp][] = [
    ['another scheme', () => ['--queue', 'amqp://u:secret@h/'], 2, /scheme amqp:\/\/.*QUEUE_URI_INVALID/],
    ['no queue', () => [], 2, /Expected --queue.*USAGE_CONFLICT/],
    [
      'a broker that is not there',
      () => ['--queue', 'redis://u:secret@127.0.0.1:1', '--queue-timeout', '1'],
      5,
      /redis:\/\/127.0.0.1:1.*QUEUE_UNREACHABLE/,
    ],
    ['another password', (uri) => ['--queue', uri.replace('//', '//default:secret@')], 5, /QUEUE_DENIED/],
  ];
  it.each(refusals)('refuses %s, and shows no password', async (_, args, code, said) => {
    const run: CliRun = await runCli(['queue', 'status', ...args(closed.uri)]);
    expect(run.code).toBe(code);
    expect(run.stderr).toMatch(said);
    expect(run.stderr).not.toContain('secret');
  });

  it('ends when its broker is gone, or its port for metrics is taken', async () => {
    const own = await startRedis(join(folder, 'gone'));
    const taken = await runCli(['work', '--queue', own.uri, '--metrics-port', new URL(own.uri).port]);
    expect([taken.code, taken.stderr]).toEqual([expect.any(Number), expect.stringContaining('LISTEN_FAILED')]);
    const worker = startCli(['work', '--queue', own.uri, '--queue-timeout', '5']);
    let said = '';
    worker.process.stderr.on('data', (text: string) => (said += text));
    await waitFor('a worker', () => said.includes('Waiting') || worker.process.exitCode !== null);
    await own.kill();
    expect(await worker.done).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('QUEUE_UNREACHABLE') as string,
    });
    await own.stop();
  });

  it('refuses holes, other rows in the same store, and a store without a run; takes options in any order', async () => {
    const { manifest, store, queue } = runOf('holes');
    const holes = await runCli(['collect', '--store', store, '-o', join(folder, 'all.jsonl')]);
    expect([holes.code, holes.stderr]).toEqual([6, expect.stringMatching(/2 of 2 chunks.*QUEUE_INCOMPLETE/)]);
    const more = ['--store', store, ...queue, '--limit', '2'];
    const again = await runCli(['enqueue', ...more, '--model', model, manifest]);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('2 rows in 2 chunks')]);
    const otherRows = writeRows(join(folder, 'other.jsonl'), [goodRow]);
    const other = await runCli(['enqueue', otherRows, '--model', model, ...more]);
    expect([other.code, other.stderr]).toEqual([6, expect.stringContaining('QUEUE_OTHER_RUN')]);
    for (const options of [
      ['--mode', 'base'],
      ['--generate', '--fit', 'pad'],
    ]) {
      const misplaced = await runCli(['enqueue', manifest, ...more, ...options]);
      expect([misplaced.code, misplaced.stderr]).toEqual([2, expect.stringMatching(/--(mode|fit), .*USAGE_CONFLICT/)]);
    }
    const none = await runCli(['collect', '--store', join(folder, 'nothing'), '-o', '-']);
    const pipe = join(folder, 'pipe');
    spawnSync('mkfifo', [pipe]);
    for (const place of [folder, pipe]) {
      const into = await runCli(['collect', '--store', store, '--follow', '-o', place, '--overwrite']);
      expect([into.code, into.stderr]).toEqual([6, expect.stringMatching(/Expected --output .*OUTPUT_UNWRITABLE/s)]);
    }
    expect(statSync(pipe).isFIFO()).toBe(true);
    expect([none.code, none.stderr]).toEqual([6, expect.stringContaining('no run.json')]);
  });

  it('puts chunks back that the queue has lost, or remembers as completed though their results are gone', async () => {
    const { store, queue } = runOf('lost');
    await runCli(['queue', 'drain', ...queue]);
    const retry = await runCli(['queue', 'retry', ...queue, '--store', store]);
    expect([retry.code, retry.stderr]).toEqual([
      0,
      expect.stringContaining('2 chunks without results are in the queue'),
    ]);
    expect((await startWorker(queue).done).code).toBe(0);
    expect(await collect(store)).toHaveLength(2);
    rmSync(join(store, 'results/000000001.jsonl'));
    await runCli(['queue', 'retry', ...queue, '--store', store]);
    expect(await statusOf(queue)).toMatchObject({ waiting: 1, run: { finished: 1 } });
    expect(readFileSync(join(store, 'end.json'), 'utf8')).toBe('{"chunks":2,"rows":2}\n');
  });
});
