/**
 * A fleet at length: workers, engines, enqueue and the broker killed at random moments; results and pictures are compared with an undisturbed batch.
 *
 *   npm run build && node bench/fleet.mjs [--broker redis|postgres] [--rows 2000] [--kills 50] [--workers 3] [--seed 1]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres, startRedis } from '../build/test/support/brokers.js';
import { fleet } from '../build/test/support/fleet.js';
import { mt19937 } from '../dist/diffusion/random/mt19937.js';
import { makeTestModels } from '../scripts/make-test-models.mjs';

const { values } = parseArgs({
  options: {
    broker: { type: 'string', default: 'redis' },
    rows: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '50' },
    workers: { type: 'string', default: '3' },
    'chunk-rows': { type: 'string', default: '25' },
    'pause-ms': { type: 'string', default: '4000' },
    'lock-seconds': { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});
makeTestModels();
const draw = mt19937(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-fleet-'));
const report = await fleet({
  folder,
  startBroker: values.broker === 'postgres' ? startPostgres : startRedis,
  rows: Number(values.rows),
  kills: Number(values.kills),
  workers: Number(values.workers),
  chunkRows: Number(values['chunk-rows']),
  lockSeconds: Number(values['lock-seconds']),
  pauseMs: Number(values['pause-ms']),
  limitMs: 20 * 60_000,
  random: () => draw() / 2 ** 32,
});
console.log(JSON.stringify({ broker: values.broker, ...report }, null, 1));
if (report.faults.length === 0) rmSync(folder, { recursive: true });
else console.log(`kept: ${folder}`);
process.exitCode = report.faults.length === 0 ? 0 : 1;
