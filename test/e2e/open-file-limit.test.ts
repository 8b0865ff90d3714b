/** Systems and containers that allow few open files at once. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../support/golden.js';
import { itOnLinux } from '../support/it-on-linux.js';

/** Node raises the soft limit to the hard one, so both are set. */
const withLimit = (limit: number, file: string, ...args: string[]) =>
  spawnSync('sh', ['-c', `ulimit -n ${limit} && exec "$@"`, 'sh', process.execPath, join(root, file), ...args], {
    encoding: 'utf8',
  });

itOnLinux.each([64, 100])('at %d, which Node itself starts with, says what is needed', (limit) => {
  const { status, stdout, stderr } = withLimit(limit, 'bin/sdxl-refine.js', '--version');
  expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
  expect(stderr).toMatch(
    new RegExp(
      `^sdxl-refine: Expected a limit of at least 256 open files, found ${limit}\\..*ulimit -n 1024.*ENGINE_START`,
    ),
  );
  expect(stderr.trim().split('\n').length).toBe(1);
});

itOnLinux('at 256 runs', () => {
  expect(withLimit(256, 'bin/sdxl-refine.js', '--version')).toMatchObject({ status: 0, stderr: '' });
});

itOnLinux('the engine’s process says the same to its parent', () => {
  const script = `
    const child = require('node:child_process').fork(process.argv[2], { serialization: 'advanced' });
    child.on('message', (message) => { console.log(JSON.stringify(message)); });
    child.on('exit', (code) => { console.log(code); });`;
  const { stdout, stderr } = spawnSync(
    'sh',
    [
      '-c',
      'ulimit -n 40 && exec "$@"',
      'sh',
      process.execPath,
      '-e',
      script,
      join(root, 'x'),
      join(root, 'dist/run/engine/start-child.js'),
    ],
    { encoding: 'utf8' },
  );
  const [message = '', code] = stdout.trim().split('\n');
  expect({ stderr, code }).toEqual({ stderr: '', code: '0' });
  expect(JSON.parse(message)).toMatchObject({
    kind: 'failed',
    error: {
      code: 'ENGINE_START',
      message: expect.stringMatching(/^Expected a limit of at least 256 open files, found 40\./),
    },
  });
});
