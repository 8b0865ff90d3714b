/** docs/cli.md: its table of error codes is the one that the program has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, RefineError } from '#src/errors.js';
import { root } from '../support/golden.js';

const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');
const listed = [...page.matchAll(/^\| `([A-Z_]+)` \| the (row|run) \| (\d+) \| ([^|]+) \|$/gm)].map(
  ([, code, scope, exitCode, when]) => ({ code: code!, scope: scope!, exitCode: Number(exitCode), when: when! }),
);

it('has every code once, with what it ends and its exit code', () => {
  const declared = ERROR_CODES.map((code) => {
    const { scope, exitCode } = new RefineError(code, '');
    return { code, scope, exitCode };
  });
  const byCode = (a: { code: string }, b: { code: string }): number => (a.code < b.code ? -1 : 1);
  expect(listed.map(({ code, scope, exitCode }) => ({ code, scope, exitCode })).sort(byCode)).toEqual(
    declared.sort(byCode),
  );
});

it('says of each when it comes', () => {
  expect(listed.filter(({ when }) => when.length < 5)).toEqual([]);
});

it('the table of exit codes has those of all errors', () => {
  const meanings = new Set([...page.matchAll(/^\| (\d+) \| /gm)].map(([, exitCode]) => Number(exitCode)));
  expect(ERROR_CODES.map((code) => new RefineError(code, '').exitCode).filter((one) => !meanings.has(one))).toEqual([]);
});
