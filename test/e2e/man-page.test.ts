/** The man page in its readers, each where it is installed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/golden.js';
import { skipWhere } from '../support/skip-where.js';

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const inReader = (reader: string): jest.It => skipWhere(has(reader) ? null : `${reader} is not installed`).it;
const page = join(root, 'man/sdxl-refine.1');

inReader('man')('man shows the page without a warning', () => {
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-l', page], {
    env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8', MANPAGER: 'cat' },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout).toContain('refine pictures with Stable Diffusion XL');
});

inReader('mandoc')('mandoc has nothing to say of the page', () => {
  const { stdout, stderr } = spawnSync('mandoc', ['-Tlint', page], { encoding: 'utf8' });
  expect(stdout + stderr).toBe('');
});

it('the man page is in the package', () => {
  const { man, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    man: string;
    files: string[];
  };
  expect(man).toBe('man/sdxl-refine.1');
  expect(files).toContain('man');
});
