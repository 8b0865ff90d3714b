/** What `npm start`, `npm test` and packing have in common: run a program, npm, a tool, the compiler. */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const ON_WINDOWS = process.platform === 'win32';

/** Runs a program in the project's folder, its output shown. @returns whether it succeeded */
export const run = (program, args, { env = {}, cwd = root, stdio = 'inherit', shell = false } = {}) => {
  const { status, error } = spawnSync(program, args, { cwd, stdio, env: { ...process.env, ...env }, shell });
  if (error) console.error(`${program}: ${error.message}`);
  return status === 0;
};

/**
 * Runs npm without install scripts. It may run inside another npm, whose options reach it as variables: those that would
 * send it elsewhere are taken back. Its output goes to stderr, since `npm pack` prints a file name on stdout.
 */
export const npm = (args, cwd = root) =>
  run(
    ON_WINDOWS ? 'npm.cmd' : 'npm',
    [...args, '--global=false', '--dry-run=false', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd, stdio: ['ignore', 2, 2], shell: ON_WINDOWS },
  );

export const COMPILER = 'node_modules/typescript/bin/tsc';
/** Builds the program; its tests take as long again, and only tests need them. */
export const build = () => run(process.execPath, [`${root}${COMPILER}`, '-b', 'src']);

/** The same, while others go on. @returns a promise of whether it succeeded */
export const runBeside = (program, args, { env = {}, stdio = 'inherit', onOutput } = {}) =>
  new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio, env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onOutput);
    child.on('error', (error) => {
      console.error(`${program}: ${error.message}`);
      resolve(false);
    });
    child.on('close', (code) => resolve(code === 0));
  });

/** @param path of the project's folder @returns a promise of whether a program in JavaScript succeeded, and what it wrote */
export const programBeside = async (path, args) => {
  let output = '';
  const onOutput = (text) => (output += text);
  const stdio = ['ignore', 'pipe', 'pipe'];
  const ok = await runBeside(process.execPath, [`${root}${path}`, ...args], { stdio, onOutput });
  return { ok, output: output.trim() };
};
