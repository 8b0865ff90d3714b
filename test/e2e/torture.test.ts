/** kill -9 at random moments, then resume; the long form is bench/torture.mjs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mt19937 } from '#src/diffusion/random/mt19937.js';
import { root } from '../support/golden.js';
import { MODES, torture } from '../support/torture.js';

it('ends as if it had never been killed', async () => {
  const draw = mt19937(6);
  const report = await torture(24, 6, () => draw() / 2 ** 32, MODES.slice(0, 1));
  expect(report.faults).toEqual([]);
  expect(report.kills.parent + report.kills.engine).toBe(6);
  expect(report.recordedAtKills).toBeGreaterThan(0);
  expect(report.polls).toBeGreaterThan(0);
}, 600_000);

it('has a long form that runs outside of the tests’ environment', () => {
  const runner = pathToFileURL(join(root, 'build/test/support/run-cli.js')).href;
  const program = `import { runCli } from '${runner}'; process.exitCode = (await runCli(['--version'])).code;`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
  expect([status, stderr.toString()]).toEqual([0, '']);
});
