import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkEngine } from '#src/app/doctor/check-engine.js';

/** A process that does this instead of trying the engine. */
const child = (code: string): URL => {
  const path = join(mkdtempSync(join(tmpdir(), 'sdxl-refine-child-')), 'child.mjs');
  writeFileSync(path, code);
  return pathToFileURL(path);
};

const loaded = `await new Promise((resolve) => process.once('message', resolve)); process.send({ kind: 'loaded', runtime: { version: '9.9.9', backends: [{ name: 'cpu', bundled: true }, { name: 'cuda', bundled: false }] } });`;
const tested = (error: number): string =>
  `${loaded} process.send({ kind: 'attempted', attempt: { target: {}, result: { max_error: ${error}, tolerance: 1e-4, duration_ms: 1 }, problem: ${error > 1e-4 ? "'its numbers are off by 2.5e-1, where 0.0001 is accepted'" : null} } }); process.disconnect();`;

it('tries the engine that is installed', async () => {
  const { version, devices, problem } = await checkEngine();
  expect(problem).toBeNull();
  expect(version).toMatch(/^1\.\d+\.\d+$/);
  expect(devices[0]).toMatchObject({ name: 'cpu', works: true, reason: null });
  expect(devices[0]!.self_test!.max_error).toBeLessThan(2e-5);
});

it('has a test for the CPU alone, and believes it', async () => {
  const { version, devices, problem } = await checkEngine({ child: child(tested(1e-6)) });
  expect([version, problem]).toEqual(['9.9.9', null]);
  expect(devices.map(({ name, self_test: test }) => [name, test?.max_error])).toEqual([
    ['cpu', 1e-6],
    ['cuda', undefined],
  ]);
});

it.each([
  [
    'a crash',
    `process.kill(process.pid, 'SIGSEGV'); setTimeout(() => {}, 10_000);`,
    /could not be loaded or run: its process ended by signal SIGSEGV/,
  ],
  ['a crash in the test', `${loaded} setTimeout(() => process.kill(process.pid, 'SIGILL'), 100);`, /signal SIGILL/],
  ['an exit', 'process.exit(3);', /exit code 3/],
  ['a module that is not there', `import 'not-there';`, /exit code 1/],
  [
    'a refusal',
    `process.send({ kind: 'failed', message: 'libfoo.so not found' }); process.disconnect();`,
    /could not be loaded or run: libfoo\.so not found/,
  ],
  ['wrong numbers', tested(0.25), /off by 2\.5e-1, where 0\.0001 is accepted/],
  ['silence', 'setTimeout(() => {}, 60_000);', /no answer in 1 s/],
])('reports %s', async (_, code, message) => {
  const { problem } = await checkEngine({ child: child(code), timeoutMs: code.includes('60_000') ? 1000 : 30_000 });
  expect(problem).toEqual({ code: 'ENGINE_START', message: expect.stringMatching(message) as string });
});
