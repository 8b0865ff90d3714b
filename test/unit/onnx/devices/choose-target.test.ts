import { chooseTarget, noneForHalf, rejectionReason } from '#src/onnx/devices/choose-target.js';
import type { ProbeResult } from '#src/onnx/devices/probe-result.js';
import { parseDevicesRequest } from '#src/onnx/devices/device-request.js';
import { CPU } from '#src/onnx/graph/operators/target.js';

it.each([
  ['auto', ['auto']],
  ['cpu', ['cpu']],
  ['cuda', [{ family: 'cuda', index: 0 }]],
  ['cuda:3', [{ family: 'cuda', index: 3 }]],
  ['webgpu', [{ family: 'webgpu', index: 0 }]],
  ['coreml', [{ family: 'coreml', index: 0 }]],
  ['cpu,cpu', ['cpu', 'cpu']],
  [
    'cuda:0, cuda:1',
    [
      { family: 'cuda', index: 0 },
      { family: 'cuda', index: 1 },
    ],
  ],
  ['cuda:all', 'all CUDA'],
  ['auto,cpu', null],
  ['cuda:all,cpu', null],
  ['cpu,', null],
  ['', null],
  ['webgpu:1', null],
  ['cuda:', null],
  ['cuda:-1', null],
  ['CUDA', null],
  ['gpu', null],
])('--device %s means %j', (text, request) => {
  expect(parseDevicesRequest(text)).toEqual(request);
});

it('the CPU is chosen without a probe, and refused with fp16', async () => {
  expect(await chooseTarget('cpu', 'auto')).toEqual({ target: CPU, rejected: [] });
  await expect(chooseTarget('cpu', 'fp16')).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
});

const other = process.platform === 'win32' ? 'coreml' : 'dml';

it('a device of another system is an error that says so', async () => {
  const chosen = chooseTarget({ family: other, index: 0 }, 'auto');
  await expect(chosen).rejects.toMatchObject({
    code: 'DEVICE_UNAVAILABLE',
    message: expect.stringMatching(/cannot be used: .* is a part of/) as string,
  });
});

const probed = (changes: Partial<ProbeResult>): ProbeResult => ({
  device: { family: 'webgpu', index: 0 },
  target: { family: 'webgpu', index: 0, precision: 'fp32', fusion: 'standard' },
  attempts: [],
  speed: { device_ms: 3, cpu_ms: 2 },
  ...changes,
});

it('a device that fails its self-test is rejected, and a software GPU too', () => {
  expect(rejectionReason(probed({}))).toBeNull();
  expect(rejectionReason(probed({ speed: { device_ms: 2020, cpu_ms: 25 } }))).toBe(
    'it is slower than the CPU (2020 ms against 25 ms for the same matrix multiplications)',
  );
  const attempt = { target: CPU, result: null, problem: ' no\n adapter ' };
  expect(rejectionReason(probed({ target: null, attempts: [attempt] }))).toBe('no adapter');
});

it('of a failure of CUDA, what CUDA said is the reason', () => {
  const problem =
    'could not open: /src/cuda_call.cc:154 void Call() [with T = cudaError] CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; line=352';
  const attempt = { target: CPU, result: null, problem };
  expect(rejectionReason(probed({ target: null, attempts: [attempt] }))).toBe(
    'CUDA failure 100: no CUDA-capable device is detected',
  );
});

it('without a device for float16, each has its reason and remedy', () => {
  const error = noneForHalf([
    { device: 'cuda', reason: 'libcudart is missing', tried: false, remedy: 'Run "sdxl-refine devices add cuda"' },
    { device: 'webgpu', reason: 'No supported adapters', tried: false },
  ]);
  expect(error).toMatchObject({
    code: 'DEVICE_UNAVAILABLE',
    message:
      'Expected a device that computes in float16, found none (cuda: libcudart is missing. Run "sdxl-refine devices add cuda"; ' +
      'webgpu: No supported adapters). Leave --precision out to use the CPU.',
  });
});
