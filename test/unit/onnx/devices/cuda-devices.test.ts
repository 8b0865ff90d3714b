import { visibleDevices } from '#src/onnx/devices/cuda-devices.js';
import { whyNotTaken } from '#src/onnx/devices/list-devices.js';
import { CPU } from '#src/onnx/graph/operators/target.js';

const gpus = ['GPU-aa11', 'GPU-aa22', 'GPU-bb33'].map((uuid, index) => ({
  index,
  uuid,
  name: `card ${index}`,
  computeCapability: '9.0',
  memoryBytes: 1,
  driver: '580.1',
}));

it.each([
  ['1', ['card 1']],
  ['2,0', ['card 2', 'card 0']],
  ['', []],
  ['-1', []],
  ['0,-1,1', ['card 0']],
  ['0, 7, 1', ['card 0']],
  ['GPU-bb', ['card 2']],
  /* Two cards begin so. */
  ['GPU-aa', []],
  ['MIG-5', ['MIG-5']],
])('CUDA_VISIBLE_DEVICES=%s', (visible, names) => {
  expect(visibleDevices(gpus, visible).map(({ name }) => name)).toEqual(names);
});

it('the failure of the first card is not that of the others', () => {
  const choice = { target: CPU, rejected: [{ device: 'cuda', reason: 'CUDA failure 2', tried: true }] };
  expect(whyNotTaken({ family: 'cuda', index: 0 }, choice)).toBe('CUDA failure 2');
  expect(whyNotTaken({ family: 'cuda', index: 1 }, choice)).toMatch(/tries the first card only: give --device cuda:1/);
});
