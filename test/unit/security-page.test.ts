/** SECURITY.md: each promise names tests, and each test is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import glob from 'fast-glob';
import { root } from '../support/golden.js';

const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| **'));

it('every promise names tests', () => {
  expect(rows.length).toBeGreaterThan(9);
  expect(rows.filter((row) => !/`test\/[^`]+`[^|]*\|$/.test(row))).toEqual([]);
});

it.each([...page.matchAll(/`(test\/[^`]+)`/g)].map(([, path]) => path!))('%s is there', (path) => {
  expect(existsSync(join(root, path)) || glob.sync(path, { cwd: root }).length > 0).toBe(true);
});

it.each([...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path!))(
  'the link to %s leads somewhere',
  (path) => {
    expect(existsSync(join(root, path))).toBe(true);
  },
);

it('names the version that the package has, and a way to report without an address', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(page).toContain(`${version.split('.').slice(0, 2).join('.')}.x`);
  expect(page).toContain('Report a vulnerability');
  expect(page).not.toMatch(/[\w.]+@[\w-]+\.\w+/);
});
