/** Devices that crash, lie or say nothing, as processes of their own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { probe, targetsOf, tryDevice } from '#src/onnx/devices/probe.js';
import { CPU } from '#src/onnx/graph/operators/target.js';

/** A process that does this with each target it is asked to try. */
const child = (answer: string): URL => {
  const path = join(mkdtempSync(join(tmpdir(), 'sdxl-refine-probe-')), 'child.mjs');
  writeFileSync(
    path,
    `process.once('message', async ({ targets }) => {
      const pass = (target) => process.send({ kind: 'attempted', attempt: { target, result: null, problem: null } });
      const fail = (target, problem) => process.send({ kind: 'attempted', attempt: { target, result: null, problem } });
      ${answer}
      process.disconnect();
    });`,
  );
  return pathToFileURL(path);
};

const cuda = { family: 'cuda', index: 1 } as const;

it('knows the ways of computing on a device, the best first', () => {
  expect(targetsOf(cuda, ['fp16', 'fp32']).map(({ precision, fusion, index }) => [precision, fusion, index])).toEqual([
    ['fp16', 'fused', 1],
    ['fp16', 'attention', 1],
    ['fp16', 'standard', 1],
    ['fp32', 'fused', 1],
    ['fp32', 'attention', 1],
    ['fp32', 'standard', 1],
  ]);
});

it('passes over what ends the process, and goes on with the rest in a new one', async () => {
  const dies = `for (const target of targets) {
    if (target.fusion === 'standard') { pass(target); break; }
    if (target.fusion === 'fused') fail(target, 'not built for this');
    else { await new Promise((r) => setTimeout(r, 100)); process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {}); }
  }`;
  const { target, attempts } = await tryDevice(cuda, ['fp16'], { child: child(dies) });
  expect(target).toMatchObject({ family: 'cuda', index: 1, precision: 'fp16', fusion: 'standard' });
  expect(attempts.map(({ problem }) => problem)).toEqual([
    'not built for this',
    'its process ended by signal SIGSEGV',
    null,
  ]);
});

it('gives up when nothing passes', async () => {
  const { target, attempts } = await tryDevice(cuda, ['fp32'], { child: child('process.exit(7);') });
  expect(target).toBeNull();
  expect(attempts.map(({ problem }) => problem)).toEqual(Array(3).fill('its process ended with exit code 7'));
});

it('ends a process that says nothing, and one that nobody waits for', async () => {
  const silent = child('await new Promise(() => setInterval(() => {}, 1000));');
  const heard = await probe({ targets: [CPU], slowest: null }, { child: silent, timeoutMs: 500 });
  expect(heard.failure).toBe('no answer in 0.5 s');
  const stop = new AbortController();
  const waiting = probe({ targets: [CPU], slowest: null }, { child: silent, signal: stop.signal });
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});

it('tries nothing on a device that is too slow', async () => {
  const slow = child(`process.send({ kind: 'measured', speed: { device_ms: 9, cpu_ms: 2 } });`);
  const trial = await tryDevice(cuda, ['fp32'], { child: slow, slowest: 4 });
  expect(trial).toMatchObject({ target: null, attempts: [], speed: { device_ms: 9, cpu_ms: 2 } });
});

it('tries the CPU for real, and measures it', async () => {
  const { target, attempts, speed } = await tryDevice({ family: 'cpu', index: 0 }, ['fp32'], { slowest: Infinity });
  expect(target).toEqual(CPU);
  expect(attempts[0]!.result!.max_error).toBeLessThan(2e-5);
  expect(speed!.device_ms).toBeGreaterThan(0);
});
