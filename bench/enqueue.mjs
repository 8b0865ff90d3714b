/**
 * Rows into a queue, without refining: the most resident memory of enqueue, the most chunks that waited, how often the window was
 * full, and the time. A consumer takes jobs and drops them: it begins when the window is full and stops when half of it is left. Linux
 * (reads /proc); needs redis-server, and a temporary folder with 1500 bytes for each row.
 *
 *   npm run build && node bench/enqueue.mjs [--rows 1000000] [--chunk-rows 100] [--window 2000]
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startRedis } from '../build/test/support/brokers.js';
import { openBroker } from '../dist/run/queue/broker/open-broker.js';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    'chunk-rows': { type: 'string', default: '100' },
    window: { type: 'string', default: '2000' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const rows = Number(values.rows);
const window = Number(values.window);
const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-enqueue-'));
let isDone = false;
let child;
let redis;

const writeManifest = async (path) => {
  const stream = createWriteStream(path);
  for (let row = 0; row < rows; row++) {
    const line = `{"image": "pictures/${row}.png", "prompt": "picture number ${row}", "strength": 0.3, "seed": ${row}}\n`;
    if (!stream.write(line)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  await new Promise((resolve) => stream.end(resolve));
};

/** Takes jobs until enqueue has ended. */
const consume = async (broker, seen) => {
  const start = performance.now();
  for (let isTaking = false; !isDone;) {
    const { waiting } = await broker.counts();
    seen.waiting = Math.max(seen.waiting, waiting);
    if (waiting > 0) seen.firstJobAfterS ??= Math.round((performance.now() - start) / 1000);
    if (waiting >= window && !isTaking) seen.full++;
    isTaking = waiting >= window || (isTaking && waiting > window / 2);
    for (let taken = 0; isTaking && taken < 50; taken++) {
      await (await broker.take())?.complete({ rows: 0, failed: 0, steps: 0, seconds: 0 });
    }
    if (!isTaking) await sleep(50);
  }
};

try {
  const manifest = join(folder, 'rows.jsonl');
  await writeManifest(manifest);
  redis = await startRedis(join(folder, 'redis'));
  const broker = await openBroker(redis.uri, { name: 'sdxl-refine', lockMs: 60_000, patienceMs: 60_000 });
  const start = performance.now();
  const place = ['--queue', redis.uri, '--store', join(folder, 'store')];
  const sizes = ['--chunk-rows', values['chunk-rows'], '--window', values.window];
  child = spawn(process.execPath, ['bin/sdxl-refine.js', 'enqueue', manifest, ...place, ...sizes], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  let seconds;
  const exit = new Promise((resolve) => child.once('exit', resolve)).then((code) => {
    seconds = Math.round((performance.now() - start) / 1000);
    isDone = true;
    return code;
  });
  const seen = { peakMB: 0, waiting: 0, full: 0, firstJobAfterS: null };
  const sample = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      seen.peakMB = Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      /* It has ended. */
    }
  }, 200);
  await consume(broker, seen);
  clearInterval(sample);
  const code = await exit;
  await broker.close();
  console.log(JSON.stringify({ rows, code, seconds, window, ...seen }));
  process.exitCode = code ?? 1;
} finally {
  child?.kill();
  await redis?.stop();
  rmSync(folder, { recursive: true });
}
