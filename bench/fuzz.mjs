/**
 * Properties of every parser of outside data at length (test/properties; `npm test` asks each some times), and malformed requests to a
 * server that runs. Prints counts as JSON, progress on standard error; exit code 1 when anything did not hold.
 *
 *   npx tsc -b && node bench/fuzz.mjs [--runs 400] [--requests 5000] [--seed 20261127] [--only weights]
 */
import { parseArgs } from 'node:util';
import { PROPERTIES } from '../build/test/properties/index.js';
import { sendBadRequests } from '../build/test/support/send-bad-requests.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '400' },
    requests: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '20261127' },
    only: { type: 'string', default: '' },
  },
});
const seed = Number(values.seed);
const report = { node: process.version, seed, inputs: {}, failed: [] };
const count = (kind, runs, faults) => {
  const held = report.inputs[kind] ?? { held: 0, failed: 0 };
  report.inputs[kind] = { held: held.held + runs - faults, failed: held.failed + faults };
};

for (const { name, kind, check } of PROPERTIES.filter((one) => one.name.includes(values.only))) {
  const start = performance.now();
  const { runs, fault } = await check({ runs: Number(values.runs), seed });
  count(kind, runs, fault === null ? 0 : 1);
  if (fault !== null) report.failed.push({ name, fault });
  console.error(`${fault === null ? 'held' : 'FAILED'}  ${runs}  ${name}  ${Math.round(performance.now() - start)} ms`);
}
if ('server: malformed requests'.includes(values.only)) {
  const { sent, faults } = await sendBadRequests({ requests: Number(values.requests), atOnce: 16, seed });
  count('malformed request', sent, faults.length);
  for (const fault of faults) report.failed.push({ name: 'server: malformed requests', fault });
  console.error(`${faults.length === 0 ? 'held' : 'FAILED'}  ${sent}  server: malformed requests`);
}
console.log(JSON.stringify(report, null, 1));
process.exitCode = report.failed.length === 0 ? 0 : 1;
