/**
 * All checks: types, made files, lint, import rules, formatting, unit, golden and end-to-end tests. The last line counts them.
 *
 * usage: node scripts/test.mjs [--quick] [a part of a test file's path …]
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { install } from './install.mjs';
import { COMPILER, programBeside, root, runBeside } from './steps.mjs';

install();
let passed = 0;
let failed = 0;
let skipped = 0;
const tell = (name, ok, took) => {
  if (ok) passed++;
  else failed++;
  console.log(`${ok ? 'ok' : 'FAILED'}  ${name} (${took.toFixed(1)} s)`);
};
const timed = async ([name, path, args]) => {
  const start = performance.now();
  return { name, ...(await programBeside(path, args)), seconds: (performance.now() - start) / 1000 };
};
const tellAll = (results) => {
  for (const { name, ok, output, seconds: took } of results) {
    if (output !== '') console.log(output);
    tell(name, ok, took);
  }
};

const patterns = process.argv.slice(2).filter((word) => word !== '--quick');
/** `npm run check`: no test that starts the command, a browser or a server, and not the slowest of the others. */
const isQuick = process.argv.includes('--quick');
/** A third of the unit tests' time in seven of their files: all models, many made inputs. */
const SLOWEST = [
  'media/metadata/metadata-fuzz',
  'diffusion/text/prompt-cache',
  'onnx/devices/self-test',
  'onnx/graph/cpu/winograd',
  'onnx/runtime/lowerings',
  'properties',
  'scripts/made-models',
];
const quickly = ['--selectProjects', 'unit', `--testPathIgnorePatterns=/unit/(${SLOWEST.join('|')})\\.test`];
/** Files that did not change are not read again. */
const CACHED = [
  '--cache',
  '--cache-strategy',
  'content',
  '--cache-location',
  'node_modules/.cache/checked-by-prettier',
];
const made = (name) => `scripts/make-${name}.mjs`;
/* These write nothing: they run beside the tests. */
const beside = [
  ['formatting', 'node_modules/prettier/bin/prettier.cjs', [...CACHED, '--check', '--log-level', 'warn', '.']],
  ['schemas', made('schemas'), ['--check']],
  ['model digests', made('model-digests'), ['--check']],
  ['man page', made('man'), ['--check']],
  ['docs made from tables', made('docs'), ['--check']],
  ['licences', made('licenses'), ['--check']],
  ['lint', 'node_modules/oxlint/bin/oxlint', []],
  ['import rules', 'scripts/check-imports.mjs', []],
];
/* Every core is the compiler's: the tests wait for it. */
tellAll([await timed(['types', COMPILER, ['-b']])]);
const besideDone = (async () => {
  const results = [];
  for (const each of beside) results.push(await timed(each));
  return results;
})();

const scratch = mkdtempSync(join(tmpdir(), 'sdxl-refine-report-'));
const report = join(scratch, 'jest.json');
const notes = join(scratch, 'skipped.jsonl');
const environment = { SDXL_REFINE_SKIP_NOTES: notes };
const seconds = [];
/* More workers than cores: tests wait for processes, servers and timers for a third of the time. */
const workers = Math.ceil(availableParallelism() * 1.5);
const chosen = [`--maxWorkers=${workers}`, ...(isQuick ? quickly : []), ...patterns];
const ran = await runJest([...chosen, '--json', `--outputFile=${report}`]);
try {
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  passed += counts.numPassedTests;
  failed += counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  skipped += counts.numPendingTests + counts.numTodoTests;
  if (!ran && counts.success) failed++;
  for (const line of skippedLines(counts.testResults)) console.log(line);
  for (const { name, startTime, endTime } of counts.testResults) seconds.push([name, (endTime - startTime) / 1000]);
} catch (error) {
  console.error(`jest left no report: ${error.message}`);
  failed++;
}
tellAll(await besideDone);
const slowest = seconds.sort((a, b) => b[1] - a[1]).slice(0, 10);
if (isQuick) console.log(`left to npm test: test/unit/ ${SLOWEST.join(', ')}`);
console.log(`slowest  ${slowest.map(([name, took]) => `${sourceOf(name)} ${took.toFixed(0)} s`).join(', ')}`);
rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** A line for each file with skipped tests: how many, and why, as `test/support/skip-where.ts` noted. */
function skippedLines(files) {
  const noted = existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n').map(JSON.parse) : [];
  return files.flatMap(({ name, assertionResults }) => {
    const count = assertionResults.filter(({ status }) => status === 'pending' || status === 'todo').length;
    const reasons = noted.filter(({ testPath }) => testPath === name).map(({ reason }) => reason);
    return count === 0
      ? []
      : [`skipped  ${count} of ${sourceOf(name)}: ${[...new Set(reasons)].join('; ') || 'no reason given'}`];
  });
}

function sourceOf(name) {
  return relative(join(root, 'build'), name).replace(/js$/, 'ts');
}

function runJest(args) {
  const jest = ['--experimental-vm-modules', '--no-warnings', `${root}node_modules/jest/bin/jest.js`];
  return runBeside(process.execPath, [...jest, ...args], { env: environment, stdio: 'inherit' });
}
