/**
 * Rows into a queue, without refining: the most resident memory of enqueue, the most chunks that waited, and the time. A consumer takes
 * jobs and drops them. Linux (reads /proc); needs redis-server, and a temporary folder with 600 bytes for each row.
 *
 *   npm run build && node bench/enqueue.mjs [--rows 1000000] [--chunk-rows 100] [--window 10000]
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startRedis } from '../build/test/support/brokers.js';
import { openBroker } from '../dist/run/queue/broker/open-broker.js';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    'chunk-rows': { type: 'string', default: '100' },
    window: { type: 'string', default: '10000' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const rows = Number(values.rows);
const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-enqueue-'));
const manifest = join(folder, 'rows.jsonl');
const stream = createWriteStream(manifest);
for (let row = 0; row < rows; row++) {
  const line = `{"image": "pictures/${row}.png", "prompt": "picture number ${row}", "strength": 0.3, "seed": ${row}}\n`;
  if (!stream.write(line)) await new Promise((resolve) => stream.once('drain', resolve));
}
await new Promise((resolve) => stream.end(resolve));

const redis = await startRedis(join(folder, 'redis'));
const start = performance.now();
const place = ['--queue', redis.uri, '--store', join(folder, 'store')];
const sizes = ['--chunk-rows', values['chunk-rows'], '--window', values.window];
const child = spawn(process.execPath, ['bin/sdxl-refine.js', 'enqueue', manifest, ...place, ...sizes], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
let isDone = false;
const exit = new Promise((resolve) => child.once('exit', resolve)).then((code) => {
  isDone = true;
  return code;
});
const seen = { peakMB: 0, waiting: 0, firstJobAfterS: null };
const sample = setInterval(() => {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    seen.peakMB = Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    /* It has ended. */
  }
}, 200);

const broker = await openBroker(redis.uri, { name: 'sdxl-refine', lockMs: 60_000, patienceMs: 60_000 });
/** Slower than enqueue, so that the window fills; the rest is taken once it has ended. */
while (!isDone) {
  const { waiting } = await broker.counts();
  seen.waiting = Math.max(seen.waiting, waiting);
  if (waiting > 0) seen.firstJobAfterS ??= Math.round((performance.now() - start) / 1000);
  for (let taken = 0; taken < 40 && waiting > Number(values.window) - 200; taken++) {
    await (await broker.take())?.complete({ rows: 0, failed: 0, steps: 0, seconds: 0 });
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
}
clearInterval(sample);
const seconds = Math.round((performance.now() - start) / 1000);
await broker.close();
await redis.stop();
console.log(JSON.stringify({ rows, code: await exit, seconds, ...seen }));
rmSync(folder, { recursive: true });
