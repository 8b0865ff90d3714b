/**
 * The torture test at length: runs (resumed, in two shards, appended to, pruned) killed again and again at random moments and given again, compared with
 * undisturbed ones.
 *
 *   npm run build && node bench/torture.mjs [--rows 200] [--kills 50] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { torture } from '../build/test/support/torture.js';
import { mt19937 } from '../dist/diffusion/random/mt19937.js';
import { makeTestModels } from '../scripts/make-test-models.mjs';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '200' },
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
});
makeTestModels();
const draw = mt19937(Number(values.seed));
const report = await torture(Number(values.rows), Number(values.kills), () => draw() / 2 ** 32);
console.log(JSON.stringify(report, null, 1));
process.exitCode = report.faults.length === 0 ? 0 : 1;
