import { cpuClassOf } from '#src/onnx/devices/cpu-class.js';
import { nchwcBlockSize } from '#src/onnx/runtime/nchwc-block-size.js';
import { readFileSync } from 'node:fs';
import { parseCpuFeatures } from '#src/app/doctor/examine-machine.js';

it.each([
  [['avx', 'avx2', 'fma'], 'AVX2'],
  [['avx2', 'avx_vnni'], 'AVX2 with VNNI'],
  [['avx2', 'avx512f'], 'AVX-512'],
  [['avx2', 'avx512f', 'avx512_vnni'], 'AVX-512 with VNNI'],
  [['avx2', 'avx512f', 'avx512_vnni', 'amx_tile', 'amx_int8'], 'AVX-512 with AMX'],
  [['asimd', 'asimddp'], 'Arm'],
])('%j is %s', (features, name) => {
  expect(cpuClassOf(features)?.name).toBe(name);
});

it('an unknown processor has no class', () => {
  expect(cpuClassOf(['sse2'])).toBeNull();
});

const features = process.platform === 'linux' ? parseCpuFeatures(readFileSync('/proc/cpuinfo', 'utf8')) : null;
const cpu = cpuClassOf(features ?? []);
/** Channels of an NCHWc block: as many numbers as a vector register has; Arm has no such layout. */
const blockSizeOf = (name: string): number | null => (name === 'Arm' ? null : name.startsWith('AVX-512') ? 16 : 8);
(cpu === null ? it.skip : it)('ONNX Runtime uses the block size of this processor’s class', async () => {
  expect(await nchwcBlockSize()).toBe(blockSizeOf(cpu!.name));
});
