/** All checks: types, made files, lint, import rules, formatting, unit, golden and end-to-end tests. The last line counts them. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { install } from './install.mjs';
import { build, root, run, tool } from './steps.mjs';

install();
let passed = 0;
let failed = 0;
let skipped = 0;
const check = (name, act) => {
  const start = performance.now();
  const ok = act();
  if (ok) passed++;
  else failed++;
  console.log(`${ok ? 'ok' : 'FAILED'}  ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
};

check('types', build);
check('schemas', () => run(process.execPath, ['scripts/make-schemas.mjs', '--check']));
check('model digests', () => run(process.execPath, ['scripts/make-model-digests.mjs', '--check']));
check('man page', () => run(process.execPath, ['scripts/make-man.mjs', '--check']));
check('docs made from tables', () => run(process.execPath, ['scripts/make-docs.mjs', '--check']));
check('licences', () => run(process.execPath, ['scripts/make-licenses.mjs', '--check']));
check('lint', () => tool('eslint/bin/eslint.js', ['--max-warnings', '0', '.']));
check('import rules', () =>
  tool('dependency-cruiser/bin/dependency-cruise.mjs', ['--config', '.dependency-cruiser.cjs', 'src', 'bin', 'test']),
);
check('formatting', () => tool('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']));

/* Holds all that tests write, so that one call takes it away. Some run the command as another user, who writes there too. */
const scratch = mkdtempSync(join(tmpdir(), 'sdxl-refine-test-'));
chmodSync(scratch, 0o1777);
const report = join(scratch, 'jest.json');
const notes = join(scratch, 'skipped.jsonl');
const flags = ['--experimental-vm-modules', '--no-warnings'];
const patterns = process.argv.slice(2);
const ran = run(
  process.execPath,
  [...flags, `${root}node_modules/jest/bin/jest.js`, '--json', `--outputFile=${report}`, ...patterns],
  { env: { TMPDIR: scratch, TEMP: scratch, TMP: scratch, SDXL_REFINE_SKIP_NOTES: notes } },
);
try {
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  passed += counts.numPassedTests;
  failed += counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  skipped += counts.numPendingTests + counts.numTodoTests;
  if (!ran && counts.success) failed++;
  for (const line of skippedLines(counts.testResults)) console.log(line);
} catch (error) {
  console.error(`jest left no report: ${error.message}`);
  failed++;
}
rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** A line for each file with skipped tests: how many, and why, as `test/support/skip-where.ts` noted. */
function skippedLines(files) {
  const noted = existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n').map(JSON.parse) : [];
  return files.flatMap(({ name, assertionResults }) => {
    const count = assertionResults.filter(({ status }) => status === 'pending' || status === 'todo').length;
    const reasons = noted.filter(({ testPath }) => testPath === name).map(({ reason }) => reason);
    const source = relative(join(root, 'build'), name).replace(/js$/, 'ts');
    return count === 0
      ? []
      : [`skipped  ${count} of ${source}: ${[...new Set(reasons)].join('; ') || 'no reason given'}`];
  });
}
