/** What `npm start` and `npm test` have in common: run a step, install what is missing, build. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const MARK = `${root}node_modules/.installed-from`;

/** Runs a program in the project's folder, its output shown. @returns whether it succeeded */
export const run = (program, args, env = {}) => {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32' && program === npm,
  });
  if (error) console.error(`${program}: ${error.message}`);
  return status === 0;
};

/** Runs a tool of node_modules by the file its package names. */
export const tool = (path, args, env) => run(process.execPath, [`${root}node_modules/${path}`, ...args], env);

/** Installs exactly what the lock file names, unless that is what is there. */
export const install = () => {
  const lock = createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');
  try {
    if (readFileSync(MARK, 'utf8') === lock) return;
  } catch {
    // No mark: nothing is installed, or not by us.
  }
  console.error('Installing packages …');
  if (!run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'])) {
    console.error('npm ci failed. Check the network and the registry that npm uses, then run this again.');
    process.exit(1);
  }
  writeFileSync(MARK, lock);
};

export const build = () => tool('typescript/bin/tsc', ['-b']);
