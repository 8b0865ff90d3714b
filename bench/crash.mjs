/**
 * The crash test at length (test/e2e/crash.test.ts is its sample): every call of a run on its output folder fails once, or
 * its process is killed there, and the same run is given again on a disk that works. Prints counts as JSON. Linux with cc.
 *
 *   npm run build && node bench/crash.mjs [--runs "resume from nothing,append"] [--forms EIO,before] [--every 1]
 *
 * --every 7: each seventh call. Four processes side by side: --part 1/4 … --part 4/4.
 */
import { parseArgs } from 'node:util';
import { callsOf, FORMS, strike } from '../build/test/support/crash.js';
import { SCENARIOS, setStage } from '../build/test/support/crash-stage.js';
import { compileShim } from '../build/test/support/fault-shim.js';
import { shakenCommand } from '../build/test/support/shaken-command.js';
import { orderFaults } from '../build/test/support/write-order.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: SCENARIOS.map(({ name }) => name).join(',') },
    forms: { type: 'string', default: Object.keys(FORMS).join(',') },
    every: { type: 'string', default: '1' },
    part: { type: 'string', default: '1/1' },
  },
});
const [part, parts] = values.part.split('/').map(Number);
const every = Number(values.every);
const shim = compileShim();
if ('missing' in shim) throw new Error(shim.missing);
const command = shakenCommand(shim.path);
const start = performance.now();
const report = { blows: {}, total: 0, faults: [] };
for (const scenario of SCENARIOS) {
  if (!values.runs.split(',').includes(scenario.name)) continue;
  const stage = await setStage(scenario, command);
  report.faults.push(...orderFaults(stage.notes, `${stage.disk}/o`));
  const counts = (report.blows[scenario.name] = {});
  for (const form of values.forms.split(',')) {
    const calls = FORMS[form];
    const { length } = callsOf(stage, calls);
    let met = 0;
    for (let at = 1 + (part - 1) * every; at <= length; at += every * parts) {
      const { isMet, faults } = await strike(stage, { calls, at, form }, command);
      if (isMet) met++;
      report.faults.push(...faults);
      for (const fault of faults) console.error(fault);
    }
    counts[form] = { calls: length, met };
    report.total += met;
    console.error(`${scenario.name}, ${form}: ${met} of ${length} calls`);
  }
}
command.close();
report.minutes = Number(((performance.now() - start) / 60_000).toFixed(1));
console.log(JSON.stringify(report, null, 1));
process.exitCode = report.faults.length === 0 ? 0 : 1;
