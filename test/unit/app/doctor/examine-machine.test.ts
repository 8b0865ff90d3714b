import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { examineMachine, isNewEnough, LEAST_NODE, parseCpuFeatures } from '#src/app/doctor/examine-machine.js';
import { root } from '../../../support/golden.js';

it('asks for the Node that package.json asks for', () => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
  expect(engines.node).toBe(`>=${LEAST_NODE.join('.')}`);
  expect(['v20.8.1', 'v18.20.0', 'v20.9.0', 'v20.20.2', 'v22.0.0', 'v100.1.0'].map(isNewEnough)).toEqual([
    ...[false, false, true, true, true, true],
  ]);
});

it('finds the deciding instructions of x86 and Arm', () => {
  const x86 =
    'processor\t: 0\nmodel name\t: X\nflags\t\t: fpu sse4_2 avx avx2 avx512f avx512_vnni hypervisor\nbugs\t: x\n';
  expect(parseCpuFeatures(x86)).toEqual(['avx', 'avx2', 'avx512f', 'avx512_vnni']);
  expect(parseCpuFeatures('Features\t: fp asimd evtstrm asimddp i8mm\n')).toEqual(['asimd', 'asimddp', 'i8mm']);
  expect(parseCpuFeatures('flags : fpu\n')).toEqual([]);
  expect(parseCpuFeatures('nothing')).toBeNull();
});

it('measures this machine, and says so of a disk that is not there', async () => {
  const machine = await examineMachine(root);
  expect(machine.node).toMatchObject({ version: process.versions.node, ok: true });
  expect(machine.cores).toBeGreaterThan(0);
  expect(machine.memory.free_bytes).toBeGreaterThan(0);
  expect(machine.memory.free_bytes).toBeLessThan(machine.memory.total_bytes);
  expect((await examineMachine(root, () => 4096)).memory.free_bytes).toBe(4096);
  for (const { free_bytes: free } of machine.disks) expect(free).toBeGreaterThan(0);
  expect((await examineMachine(join(root, 'not-there'))).disks[0]).toMatchObject({ free_bytes: null });
});
