/* global fetch */
/**
 * Load on `serve`: many clients at once with the bundled model, each asking again as soon as it is answered, and waiting
 * as long as a 429 says. Says how long requests took, what was refused, and how memory went (Linux).
 *
 *   npm run build && node bench/serve-load.mjs [--clients 50] [--seconds 300] [--queue 32] [--steps 4]
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '300' },
    queue: { type: 'string', default: '32' },
    steps: { type: 'string', default: '4' },
  },
});
const SAMPLES = 20;
const durationMs = Number(values.seconds) * 1000;
const root = new URL('..', import.meta.url);
const image = readFileSync(new URL('fixtures/demo/two-thirty-blur.png', root)).toString('base64');
const body = JSON.stringify({
  input_data: { columns: ['image', 'prompt'], index: [0], data: [[image, 'a city']] },
  params: { steps: Number(values.steps), strength: 0.5 },
});

const cli = fileURLToPath(new URL('bin/sdxl-refine.js', root));
const server = spawn(process.execPath, [cli, 'serve', '--port', '0', '--queue', values.queue], {
  stdio: ['ignore', 'inherit', 'pipe'],
});
const url = await new Promise((resolve, reject) => {
  let log = '';
  server.on('exit', () => reject(new Error(log)));
  server.stderr.on('data', (text) => {
    if (log.length < 10_000) log += text;
    if (log.includes('Ready')) resolve(/Listening on (\S+)/.exec(log)[1]);
  });
});

/** Resident memory of the server and its engine, in MB. */
const residentMb = () => {
  const of = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000;
  const isEngine = (pid) =>
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1] === String(server.pid);
  const engine = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && isEngine(name);
    } catch {
      return false;
    }
  });
  return { server: Math.round(of(server.pid)), engine: Math.round(engine.reduce((sum, pid) => sum + of(pid), 0)) };
};

const end = performance.now() + durationMs;
const tookMs = [];
const answers = {};

const client = async () => {
  while (performance.now() < end) {
    const start = performance.now();
    const response = await fetch(`${url}/score`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }).catch((error) => ({ status: String(error.cause?.code ?? error.message), headers: new Map(), text: () => '' }));
    await response.text();
    answers[response.status] = (answers[response.status] ?? 0) + 1;
    if (response.status === 200) tookMs.push(performance.now() - start);
    if (response.status === 429)
      await sleep(Math.max(0, Math.min(1000 * Number(response.headers.get('retry-after')), end - performance.now())));
  }
};

const memory = [];
const watching = setInterval(() => memory.push(residentMb()), durationMs / SAMPLES);
await Promise.all(Array.from({ length: Number(values.clients) }, client));
clearInterval(watching);
server.kill('SIGTERM');
const exitCode = await new Promise((resolve) => server.once('exit', resolve));

tookMs.sort((a, b) => a - b);
const share = (part) => Math.round(tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * part))] ?? 0);
const report = {
  clients: Number(values.clients),
  seconds: Number(values.seconds),
  answers,
  picturesPerSecond: Number((tookMs.length / Number(values.seconds)).toFixed(1)),
  ms: { p50: share(0.5), p95: share(0.95), p99: share(0.99), max: Math.round(tookMs.at(-1) ?? 0) },
  residentMb: memory,
  exitCode,
};
console.log(JSON.stringify(report, null, 1));
process.exitCode =
  Object.keys(answers).every((status) => status === '200' || status === '429') && exitCode === 0 ? 0 : 1;
