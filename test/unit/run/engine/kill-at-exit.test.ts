import { spawnSync } from 'node:child_process';
import { isRunning, waitFor } from '../../../support/processes.js';
import { itOnLinux } from '../../../support/it-on-linux.js';

itOnLinux('a child that computes ends with its parent', async () => {
  const script = `
    import { spawn } from 'node:child_process';
    import { killAtExit } from '#src/run/engine/kill-at-exit.js';
    const child = spawn(process.execPath, ['-e', 'for (;;);'], { detached: true, stdio: 'ignore' });
    killAtExit(child);
    process.stdout.write(String(child.pid));
    child.once('spawn', () => process.exit(130));`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(status).toBe(130);
  const pid = Number(stdout);
  expect(pid).toBeGreaterThan(0);
  await waitFor('the child to end', () => !isRunning(pid));
});
