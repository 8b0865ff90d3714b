import { chooseTarget, reasonAgainst } from '#src/onnx/devices/choose-target.js';
import type { DeviceTrial } from '#src/onnx/devices/probe-result.js';
import { parseDeviceWish } from '#src/onnx/devices/device-request.js';
import { CPU } from '#src/onnx/graph/operators/target.js';

it.each([
  ['auto', 'auto'],
  ['cpu', 'cpu'],
  ['cuda', { family: 'cuda', index: 0 }],
  ['cuda:3', { family: 'cuda', index: 3 }],
  ['webgpu', { family: 'webgpu', index: 0 }],
  ['coreml', { family: 'coreml', index: 0 }],
  ['webgpu:1', null],
  ['cuda:', null],
  ['cuda:-1', null],
  ['CUDA', null],
  ['gpu', null],
])('%s is %j', (text, wish) => {
  expect(parseDeviceWish(text)).toEqual(wish);
});

it('takes the CPU without trying it, and refuses what it cannot do', async () => {
  expect(await chooseTarget('cpu', 'auto')).toEqual({ target: CPU, turnedDown: [] });
  await expect(chooseTarget('cpu', 'fp16')).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
});

const other = process.platform === 'win32' ? 'coreml' : 'dml';

it('says what a device that is not here needs', async () => {
  const chosen = chooseTarget({ family: other, index: 0 }, 'auto');
  await expect(chosen).rejects.toMatchObject({
    code: 'DEVICE_UNAVAILABLE',
    message: expect.stringMatching(/cannot be used: .* is a part of/) as string,
  });
});

const trial = (changes: Partial<DeviceTrial>): DeviceTrial => ({
  device: { family: 'webgpu', index: 0 },
  target: { family: 'webgpu', index: 0, precision: 'fp32', fusion: 'standard' },
  attempts: [],
  speed: { device_ms: 3, cpu_ms: 2 },
  ...changes,
});

it('passes by what is wrong, and what only plays a GPU', () => {
  expect(reasonAgainst(trial({}))).toBeNull();
  expect(reasonAgainst(trial({ speed: { device_ms: 2020, cpu_ms: 25 } }))).toBe(
    'it is slower than the CPU (2020 ms against 25 ms for the same products)',
  );
  const attempt = { target: CPU, result: null, problem: ' no\n adapter ' };
  expect(reasonAgainst(trial({ target: null, attempts: [attempt] }))).toBe('no adapter');
});
