/** Probes of devices that crash, fail or hang, in processes of their own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { probe, targetsOf, probeDevice } from '#src/onnx/devices/probe.js';
import { CPU } from '#src/onnx/graph/operators/target.js';

/** A probe process that runs this code. */
const child = (answer: string): URL => {
  const path = join(mkdtempSync(join(tmpdir(), 'sdxl-refine-probe-')), 'child.mjs');
  writeFileSync(
    path,
    `process.once('message', async ({ targets }) => {
      const pass = (target) => process.send({ kind: 'attempted', attempt: { target, result: null, problem: null } });
      const fail = (target, problem, sent) => process.send({ kind: 'attempted', attempt: { target, result: null, problem } }, sent);
      ${answer}
      process.disconnect();
    });`,
  );
  return pathToFileURL(path);
};

const cuda = { family: 'cuda', index: 1 } as const;

it('targets come in the order of probing: half precision before float32, most fused first', () => {
  expect(targetsOf(cuda, ['fp16', 'fp32']).map(({ precision, fusion, index }) => [precision, fusion, index])).toEqual([
    ['fp16', 'fused', 1],
    ['fp16', 'attention', 1],
    ['fp16', 'standard', 1],
    ['fp32', 'fused', 1],
    ['fp32', 'attention', 1],
    ['fp32', 'standard', 1],
  ]);
});

it('a target that crashes the process is skipped, and the rest are tested in a new process', async () => {
  const dies = `for (const target of targets) {
    if (target.fusion === 'standard') { pass(target); break; }
    if (target.fusion === 'fused') await new Promise((sent) => fail(target, 'not built for this', sent));
    else { process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {}); }
  }`;
  const { target, attempts } = await probeDevice(cuda, ['fp16'], { child: child(dies) });
  expect(target).toMatchObject({ family: 'cuda', index: 1, precision: 'fp16', fusion: 'standard' });
  expect(attempts.map(({ problem }) => problem)).toEqual([
    'not built for this',
    'its process ended by signal SIGSEGV',
    null,
  ]);
});

it('there is no target when every attempt fails', async () => {
  const { target, attempts } = await probeDevice(cuda, ['fp32'], { child: child('process.exit(7);') });
  expect(target).toBeNull();
  expect(attempts.map(({ problem }) => problem)).toEqual(Array(3).fill('its process ended with exit code 7'));
});

it('a silent process is ended at the timeout, and at an abort', async () => {
  const silent = child('await new Promise(() => setInterval(() => {}, 1000));');
  const heard = await probe({ targets: [CPU], slowest: null }, { child: silent, timeoutMs: 500 });
  expect(heard.failure).toBe('no answer in 0.5 s');
  const stop = new AbortController();
  const waiting = probe({ targets: [CPU], slowest: null }, { child: silent, signal: stop.signal });
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});

it('a device that is too slow is not tested', async () => {
  const slow = child(`process.send({ kind: 'measured', speed: { device_ms: 9, cpu_ms: 2 } });`);
  const trial = await probeDevice(cuda, ['fp32'], { child: slow, slowest: 4 });
  expect(trial).toMatchObject({ target: null, attempts: [], speed: { device_ms: 9, cpu_ms: 2 } });
});

it('the CPU passes a real probe, with its speed measured', async () => {
  const { target, attempts, speed } = await probeDevice({ family: 'cpu', index: 0 }, ['fp32'], { slowest: Infinity });
  expect(target).toEqual(CPU);
  expect(attempts[0]!.result!.max_error).toBeLessThan(2e-5);
  expect(speed!.device_ms).toBeGreaterThan(0);
});
